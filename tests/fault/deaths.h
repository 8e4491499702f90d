/* Something that changes the files of a folder, in a process of its own that dies before the n-th change: killed,
 * or with the power.
 *
 *     for (uint64_t n = 1; deaths_at(folder, n, work, user); n++)
 *         for (unsigned i = 0; i < deaths_n(); i++) { deaths_become(folder, i); open, assert }
 *
 * What power loss keeps, of files that the process changes with calls of the system: of a file what it had when it
 * was last synced, or what it has; of the folder's names any mixture of those it had when it was last synced and those it
 * has. The index of the write-ahead log never survives it. The first copy is the one of a kill: everything. */
#ifndef TESTS_FAULT_DEATHS_H
#define TESTS_FAULT_DEATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False when work came to its end, which is then to be true; the folder is as it left it. */
bool deaths_at(const char *folder, uint64_t n, bool (*work)(void *user), void *user);
/* The copies that the last death left. */
unsigned deaths_n(void);
void deaths_become(const char *folder, unsigned i);
/* A folder's files as they are now, to begin anew from; and back. `name` is the test's own. */
void deaths_keep(const char *folder, const char *name);
void deaths_put_back(const char *folder, const char *name);
/* To be freed. */
uint8_t *deaths_read(const char *path, size_t *n_bytes_out);
/* Everything that was kept. */
void deaths_forget(const char *folder);

#endif
