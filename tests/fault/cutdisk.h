/* The disk under cutvfs: what files hold, what of it is durable, and when the power fails.
 * Everything here expects cut_lock() to be held; codes are SQLite's. */
#ifndef TESTS_FAULT_CUTDISK_H
#define TESTS_FAULT_CUTDISK_H

#include "fault/cutvfs.h"

struct cut_bytes {
    uint8_t *data;
    size_t n;
    size_t room;
};

/* A write (n bytes at arena_offset of the file's arena) or, with n = 0, a truncation to offset. */
struct cut_pending {
    uint64_t event;
    size_t offset;
    size_t n;
    size_t arena_offset;
};

/* A file. Handles count as references; a file that is no longer on the disk lives until the last
 * one is closed. Locks and shared memory are the VFS's and start anew with every boot. */
struct cut_file {
    struct cut_file *next; /* on the disk, in order of creation */
    const char *path;      /* kept by cut_path(); NULL: temporary */
    struct cut_bytes now;
    struct cut_bytes durable; /* meaningful if durable_differs; else it is the same as `now` */
    bool durable_differs;
    struct cut_pending *pending;
    size_t n_pending;
    size_t pending_room;
    struct cut_bytes arena;
    bool named;         /* the name leads here now */
    bool named_durably; /* ... and would after power loss without anything pending */
    bool on_disk;       /* in the disk's list */
    bool counted;       /* its length is in the used bytes */
    unsigned n_references;
    unsigned n_shared_locks;
    const void *writer; /* the handle with a RESERVED or stronger lock */
    struct cut_shm *shm;
};

struct cutvfs_snapshot {
    struct cut_copy {
        const char *path;
        struct cut_bytes bytes;
    } * files;
    size_t n_files;
    size_t room;
};

/* The one disk. */
struct cut_disk {
    struct cut_file *files; /* in order of creation, deleted ones with a durable name included */
    uint64_t boot;
    bool power;
    uint64_t events;
    bool cut_armed;
    uint64_t cut_at;  /* the last event before the power fails */
    uint64_t fail_at; /* 0: none */
    int fail_code;
    unsigned fail_flags;
    uint64_t limit_bytes;
    uint64_t used_bytes;
};
extern struct cut_disk cut_disk;

void cut_lock(void);
void cut_unlock(void);

void *cut_resize(void *old, size_t n_bytes);
void cut_bytes_set_size(struct cut_bytes *bytes, size_t n);
void cut_bytes_write(struct cut_bytes *bytes, size_t offset, const void *data, size_t n);
void cut_bytes_free(struct cut_bytes *bytes);

/* The one lasting copy of a path: equal paths are equal pointers. */
const char *cut_path(const char *path);

/* Count an event and say what becomes of it: SQLITE_OK, or a code and nothing must happen. Every
 * begun event is ended; the power may fail there. `fail_flags_out` may be NULL. */
int cut_event_begin(unsigned *fail_flags_out);
void cut_event_end(void);

/* The named file that a program sees; NULL when there is none of that name. */
struct cut_file *cut_find(const char *path);

/* Create a named (an event) or, with NULL, a temporary file; it comes with one reference. */
int cut_create(const char *path, struct cut_file **file_out);
void cut_release(struct cut_file *file);

int cut_write(struct cut_file *file, size_t offset, const void *data, size_t n);
int cut_truncate(struct cut_file *file, size_t n);
int cut_sync(struct cut_file *file, bool with_directory);
int cut_delete(struct cut_file *file, bool with_directory);
int cut_sync_names(void);

/* Outside of time, no events: a durable file, appended to the disk; a file taken off it; all. */
struct cut_file *cut_place(const char *path);
void cut_take_off(struct cut_file *file);
void cut_clear_disk(void);

/* A new boot: power, nothing armed; handles of before are dead. */
void cut_start_boot(void);

/* Make the pending changes of the file durable. */
void cut_settle(struct cut_file *file);

/* Make the file's name durable: a deleted one of the same name cannot come back any more. */
void cut_make_name_durable(struct cut_file *file);

/* Make the disk this copy, durable, in a new boot. */
void cut_become(const struct cutvfs_snapshot *snapshot);

/* History: told of every change; keeps it when it records. */
void cut_history_note(
    enum cutvfs_change change, const char *path, size_t offset, const void *data, size_t n);
void cut_history_note_whole_disk(void);
void cut_history_forget(void);

struct cut_bytes *cut_copy_find(const struct cutvfs_snapshot *snapshot, const char *path);
struct cut_bytes *cut_copy_add(struct cutvfs_snapshot *snapshot, const char *path);
void cut_copy_remove(struct cutvfs_snapshot *snapshot, const char *path);
void cut_copy_clear(struct cutvfs_snapshot *snapshot);

#endif
