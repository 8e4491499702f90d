/* A folder that is filled file by file. Every file appears only when it is whole and on the disk: it is
 * written as NAME.part, synced and renamed. */
#ifndef VPI_SHARE_FOLDER_H
#define VPI_SHARE_FOLDER_H

#include "base/status.h"
#include <voicepriv/vault.h>

#define VPI_FOLDER_NAME_BYTES 96

typedef struct vpi_folder {
    int fd;
    bool is_new; /* made when it was opened */
} vpi_folder;

/* Opens a folder, making it first when it is missing: path as the user gave it, or a name in another
 * folder, which is no symbolic link. */
vpriv_status vpi_folder_open(const char *path, vpi_folder *folder_out);
vpriv_status vpi_folder_open_in(const vpi_folder *parent, const char *name, vpi_folder *folder_out);
void vpi_folder_close(vpi_folder *folder);
/* Closes it, and removes it where it is new and empty. path: as it was opened. */
void vpi_folder_take_back(vpi_folder *folder, const char *path);
void vpi_folder_take_back_in(const vpi_folder *parent, const char *name, vpi_folder *folder);

/* Gets one name. Anything but VPRIV_OK stops and is handed on. */
typedef vpriv_status (*vpi_folder_fn)(void *user, const char *name);
vpriv_status vpi_folder_each(const vpi_folder *folder, vpi_folder_fn fn, void *user);
bool vpi_folder_has(const vpi_folder *folder, const char *name);
vpriv_status vpi_folder_remove(const vpi_folder *folder, const char *name);
/* As far as that goes: what went wrong before is still what went wrong. */
void vpi_folder_remove_all(const vpi_folder *folder, const char *const *names, size_t n_names);
vpriv_status vpi_folder_sync(const vpi_folder *folder);
/* The beginning of a small file. */
vpriv_status vpi_folder_read(
    const vpi_folder *folder, const char *name, char *text_out, size_t capacity);

/* Of a recording's sound: "2026-11-22_08-30-00_", its id, ".opus". */
void vpi_folder_sound_name(const vpriv_recording_info *info, char name_out[VPI_FOLDER_NAME_BYTES]);

/* A file on its way. */
typedef struct vpi_part {
    const vpi_folder *folder;
    int fd;
    char name[VPI_FOLDER_NAME_BYTES]; /* the final one */
} vpi_part;

vpriv_status vpi_part_begin(const vpi_folder *folder, const char *name, vpi_part *part_out);
/* A vpriv_write_fn. */
vpriv_status vpi_part_write(void *part, const void *bytes, size_t n_bytes);
/* Gives it its name; on failure nothing is left. */
vpriv_status vpi_part_finish(vpi_part *part);
/* Nothing is left; fine after finishing. */
void vpi_part_abandon(vpi_part *part);
bool vpi_part_is_name(const char *name);

#endif
