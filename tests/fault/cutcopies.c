#include "fault/cutdisk.h"
#include <stdlib.h>
#include <string.h>

struct cut_bytes *cut_copy_find(const struct cutvfs_snapshot *snapshot, const char *path)
{
    for (size_t i = 0; i < snapshot->n_files; i++)
        if (strcmp(snapshot->files[i].path, path) == 0)
            return &snapshot->files[i].bytes;
    return NULL;
}

struct cut_bytes *cut_copy_add(struct cutvfs_snapshot *snapshot, const char *path)
{
    if (snapshot->n_files == snapshot->room) {
        snapshot->room = snapshot->room > 0 ? 2 * snapshot->room : 4;
        snapshot->files = cut_resize(snapshot->files, snapshot->room * sizeof *snapshot->files);
    }
    struct cut_copy *copy = &snapshot->files[snapshot->n_files++];
    *copy = (struct cut_copy){.path = path};
    return &copy->bytes;
}

void cut_copy_remove(struct cutvfs_snapshot *snapshot, const char *path)
{
    for (size_t i = 0; i < snapshot->n_files; i++) {
        if (strcmp(snapshot->files[i].path, path) == 0) {
            cut_bytes_free(&snapshot->files[i].bytes);
            snapshot->n_files--;
            memmove(&snapshot->files[i], &snapshot->files[i + 1],
                (snapshot->n_files - i) * sizeof *snapshot->files);
            return;
        }
    }
}

void cut_copy_clear(struct cutvfs_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_files; i++)
        cut_bytes_free(&snapshot->files[i].bytes);
    snapshot->n_files = 0;
}

struct cutvfs_snapshot *cutvfs_snapshot(void)
{
    struct cutvfs_snapshot *snapshot = cut_resize(NULL, sizeof *snapshot);
    *snapshot = (struct cutvfs_snapshot){0};
    cut_lock();
    for (const struct cut_file *file = cut_disk.files; file != NULL; file = file->next)
        if (file->named)
            cut_bytes_write(cut_copy_add(snapshot, file->path), 0, file->now.data, file->now.n);
    cut_unlock();
    return snapshot;
}

void cut_become(const struct cutvfs_snapshot *snapshot)
{
    cut_clear_disk();
    for (size_t i = 0; i < snapshot->n_files; i++) {
        const struct cut_copy *copy = &snapshot->files[i];
        struct cut_file *file = cut_place(copy->path);
        cut_bytes_write(&file->now, 0, copy->bytes.data, copy->bytes.n);
        cut_disk.used_bytes += file->now.n;
    }
    cut_start_boot();
    cut_history_note_whole_disk();
}

void cutvfs_restore(const struct cutvfs_snapshot *snapshot)
{
    cut_lock();
    cut_become(snapshot);
    cut_unlock();
}

void cutvfs_snapshot_free(struct cutvfs_snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    cut_copy_clear(snapshot);
    free(snapshot->files);
    free(snapshot);
}

bool cutvfs_snapshot_file(const struct cutvfs_snapshot *snapshot, const char *path,
    const uint8_t **bytes_out, size_t *n_bytes_out)
{
    const struct cut_bytes *bytes = cut_copy_find(snapshot, path);
    if (bytes == NULL)
        return false;
    *bytes_out = bytes->data;
    *n_bytes_out = bytes->n;
    return true;
}

/* From now on the durable content is what `now` says, whatever is done to it. */
static void make_durable_as_it_is(struct cut_file *file)
{
    file->n_pending = 0;
    file->arena.n = 0;
    file->durable_differs = false;
    cut_make_name_durable(file);
}

bool cutvfs_file_bytes(const char *path, uint8_t **bytes_out, size_t *n_bytes_out)
{
    cut_lock();
    struct cut_file *file = cut_find(path);
    if (file != NULL) {
        make_durable_as_it_is(file);
        *bytes_out = file->now.data;
        *n_bytes_out = file->now.n;
    }
    cut_unlock();
    return file != NULL;
}

void cutvfs_file_put(const char *path, const void *bytes, size_t n_bytes)
{
    cut_lock();
    struct cut_file *file = cut_find(path);
    if (file == NULL)
        file = cut_place(path);
    make_durable_as_it_is(file);
    cut_disk.used_bytes -= file->now.n;
    file->now.n = 0;
    cut_bytes_write(&file->now, 0, bytes, n_bytes);
    cut_disk.used_bytes += file->now.n;
    cut_unlock();
}

bool cutvfs_file_remove(const char *path)
{
    cut_lock();
    struct cut_file *file = cut_find(path);
    if (file != NULL) {
        cut_make_name_durable(file);
        cut_take_off(file);
    }
    cut_unlock();
    return file != NULL;
}

size_t cutvfs_file_names(const char **names_out, size_t n_room)
{
    size_t n_files = 0;
    cut_lock();
    for (const struct cut_file *file = cut_disk.files; file != NULL; file = file->next) {
        if (!file->named)
            continue;
        if (n_files < n_room)
            names_out[n_files] = file->path;
        n_files++;
    }
    cut_unlock();
    return n_files;
}
