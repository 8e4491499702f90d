/* Files that the library writes without SQLite, on the disk of cutvfs: their power goes together with the
 * vault's. A program that links cutfiles.c with $(cutfiles_ldflags) has lib/base/file.c go through here for
 * the paths it names; all other files are real. A write is several, and the first of them is shorter than a
 * sector: harsher than disks are. */
#ifndef TESTS_FAULT_CUTFILES_H
#define TESTS_FAULT_CUTFILES_H

/* From now on this path is on the disk of cutvfs. It is kept, not copied. */
void cutfiles_take(const char *path);
/* All files are real again. */
void cutfiles_leave(void);

#endif
