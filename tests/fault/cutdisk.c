#include "fault/cutdisk.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cut_disk cut_disk;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct kept_path {
    struct kept_path *next;
    char text[];
} * kept_paths;

void cut_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void cut_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

void *cut_resize(void *old, size_t n_bytes)
{
    void *block = realloc(old, n_bytes);
    if (block == NULL) {
        fprintf(stderr, "cutvfs: no memory for %zu bytes\n", n_bytes);
        abort();
    }
    return block;
}

static void make_room(struct cut_bytes *bytes, size_t n)
{
    if (n > bytes->room || bytes->data == NULL) {
        size_t room = bytes->room > 0 ? bytes->room : 512;
        while (room < n)
            room *= 2;
        bytes->data = cut_resize(bytes->data, room);
        bytes->room = room;
    }
}

void cut_bytes_set_size(struct cut_bytes *bytes, size_t n)
{
    make_room(bytes, n);
    if (n > bytes->n)
        memset(bytes->data + bytes->n, 0, n - bytes->n);
    bytes->n = n;
}

void cut_bytes_write(struct cut_bytes *bytes, size_t offset, const void *data, size_t n)
{
    if (offset > bytes->n)
        cut_bytes_set_size(bytes, offset);
    make_room(bytes, offset + n);
    if (n > 0)
        memcpy(bytes->data + offset, data, n);
    if (offset + n > bytes->n)
        bytes->n = offset + n;
}

void cut_bytes_free(struct cut_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct cut_bytes){0};
}

const char *cut_path(const char *path)
{
    for (struct kept_path *kept = kept_paths; kept != NULL; kept = kept->next)
        if (strcmp(kept->text, path) == 0)
            return kept->text;
    const size_t n = strlen(path) + 1;
    struct kept_path *kept = cut_resize(NULL, sizeof *kept + n);
    memcpy(kept->text, path, n);
    kept->next = kept_paths;
    kept_paths = kept;
    return kept->text;
}

int cut_event_begin(unsigned *fail_flags_out)
{
    if (!cut_disk.power)
        return SQLITE_IOERR;
    cut_disk.events++;
    if (cut_disk.fail_at != cut_disk.events)
        return SQLITE_OK;
    if (fail_flags_out != NULL)
        *fail_flags_out = cut_disk.fail_flags;
    return cut_disk.fail_code;
}

void cut_event_end(void)
{
    if (cut_disk.cut_armed && cut_disk.cut_at == cut_disk.events)
        cut_disk.power = false;
}

struct cut_file *cut_find(const char *path)
{
    for (struct cut_file *file = cut_disk.files; file != NULL; file = file->next)
        if (file->named && strcmp(file->path, path) == 0)
            return file;
    return NULL;
}

static void free_unless_used(struct cut_file *file)
{
    if (file->on_disk || file->n_references > 0)
        return;
    if (file->counted)
        cut_disk.used_bytes -= file->now.n;
    cut_bytes_free(&file->now);
    cut_bytes_free(&file->durable);
    cut_bytes_free(&file->arena);
    free(file->pending);
    free(file);
}

static void stop_counting(struct cut_file *file)
{
    if (file->counted)
        cut_disk.used_bytes -= file->now.n;
    file->counted = false;
}

static struct cut_file *new_file(const char *path)
{
    struct cut_file *file = cut_resize(NULL, sizeof *file);
    *file = (struct cut_file){.path = path, .counted = true};
    make_room(&file->now, 0);
    return file;
}

static void append_to_disk(struct cut_file *file)
{
    struct cut_file **end = &cut_disk.files;
    while (*end != NULL)
        end = &(*end)->next;
    *end = file;
    file->on_disk = true;
    file->named = true;
}

void cut_take_off(struct cut_file *file)
{
    struct cut_file **link = &cut_disk.files;
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    file->next = NULL;
    file->on_disk = false;
    file->named = false;
    stop_counting(file);
    free_unless_used(file);
}

void cut_clear_disk(void)
{
    while (cut_disk.files != NULL)
        cut_take_off(cut_disk.files);
}

struct cut_file *cut_place(const char *path)
{
    struct cut_file *file = new_file(cut_path(path));
    append_to_disk(file);
    file->named_durably = true;
    return file;
}

void cut_start_boot(void)
{
    cut_disk.boot++;
    cut_disk.power = true;
    cut_disk.cut_armed = false;
    cut_disk.fail_at = 0;
}

int cut_create(const char *path, struct cut_file **file_out)
{
    int rc = SQLITE_OK;
    struct cut_file *file = NULL;
    if (path == NULL) {
        if (!cut_disk.power)
            return SQLITE_IOERR;
        file = new_file(NULL);
    } else {
        rc = cut_event_begin(NULL);
        if (rc == SQLITE_OK) {
            file = new_file(cut_path(path));
            append_to_disk(file);
            file->durable_differs = true;
            cut_history_note(CUTVFS_WROTE, file->path, 0, "", 0);
        }
        cut_event_end();
    }
    if (rc == SQLITE_OK) {
        file->n_references = 1;
        *file_out = file;
    }
    return rc;
}

void cut_release(struct cut_file *file)
{
    file->n_references--;
    if (file->path == NULL)
        cut_history_note(CUTVFS_DELETED, NULL, 0, NULL, 0);
    free_unless_used(file);
}

static void remember_pending(struct cut_file *file, size_t offset, const void *data, size_t n)
{
    if (!file->durable_differs) {
        file->durable.n = 0;
        cut_bytes_write(&file->durable, 0, file->now.data, file->now.n);
        file->durable_differs = true;
    }
    if (file->n_pending == file->pending_room) {
        file->pending_room = file->pending_room > 0 ? 2 * file->pending_room : 8;
        file->pending = cut_resize(file->pending, file->pending_room * sizeof *file->pending);
    }
    file->pending[file->n_pending++] = (struct cut_pending){
        .event = cut_disk.events, .offset = offset, .n = n, .arena_offset = file->arena.n};
    if (n > 0)
        cut_bytes_write(&file->arena, file->arena.n, data, n);
}

static void change_size(struct cut_file *file, size_t n_before)
{
    if (file->counted)
        cut_disk.used_bytes += file->now.n - n_before;
}

/* Whether the history shall know: a deleted file that is still open is on nobody's copy. */
static bool is_seen(const struct cut_file *file)
{
    return file->path == NULL || file->named;
}

static void write_now(struct cut_file *file, size_t offset, const void *data, size_t n)
{
    const size_t n_before = file->now.n;
    if (file->path != NULL)
        remember_pending(file, offset, data, n);
    cut_bytes_write(&file->now, offset, data, n);
    change_size(file, n_before);
    if (is_seen(file))
        cut_history_note(CUTVFS_WROTE, file->path, offset, data, n);
}

int cut_write(struct cut_file *file, size_t offset, const void *data, size_t n)
{
    const size_t end = offset + n;
    if (n == 0)
        return SQLITE_OK;
    if (cut_disk.power && end > file->now.n &&
        cut_disk.used_bytes + (end - file->now.n) > cut_disk.limit_bytes)
        return SQLITE_FULL;
    if (file->path == NULL) {
        write_now(file, offset, data, n);
        return SQLITE_OK;
    }
    const int rc = cut_event_begin(NULL);
    if (rc == SQLITE_OK)
        write_now(file, offset, data, n);
    cut_event_end();
    return rc;
}

static void truncate_now(struct cut_file *file, size_t n)
{
    const size_t n_before = file->now.n;
    if (file->path != NULL)
        remember_pending(file, n, NULL, 0);
    cut_bytes_set_size(&file->now, n);
    change_size(file, n_before);
    if (is_seen(file))
        cut_history_note(CUTVFS_TRUNCATED, file->path, n, NULL, 0);
}

int cut_truncate(struct cut_file *file, size_t n)
{
    if (cut_disk.power && n > file->now.n &&
        cut_disk.used_bytes + (n - file->now.n) > cut_disk.limit_bytes)
        return SQLITE_FULL;
    if (file->path == NULL) {
        truncate_now(file, n);
        return SQLITE_OK;
    }
    const int rc = cut_event_begin(NULL);
    if (rc == SQLITE_OK)
        truncate_now(file, n);
    cut_event_end();
    return rc;
}

static void forget_pending(struct cut_file *file)
{
    file->n_pending = 0;
    file->arena.n = 0;
}

void cut_settle(struct cut_file *file)
{
    for (size_t i = 0; i < file->n_pending; i++) {
        const struct cut_pending *change = &file->pending[i];
        if (change->n > 0)
            cut_bytes_write(
                &file->durable, change->offset, file->arena.data + change->arena_offset, change->n);
        else
            cut_bytes_set_size(&file->durable, change->offset);
    }
    forget_pending(file);
}

static void sync_directory(void)
{
    struct cut_file *next = NULL;
    for (struct cut_file *file = cut_disk.files; file != NULL; file = next) {
        next = file->next;
        if (file->named)
            file->named_durably = true;
        else
            cut_take_off(file);
    }
}

void cut_make_name_durable(struct cut_file *file)
{
    if (!file->named)
        return;
    struct cut_file *next = NULL;
    for (struct cut_file *older = cut_disk.files; older != NULL; older = next) {
        next = older->next;
        if (!older->named && older->path == file->path)
            cut_take_off(older);
    }
    file->named_durably = true;
}

int cut_sync(struct cut_file *file, bool with_directory)
{
    if (file->path == NULL)
        return SQLITE_OK;
    unsigned fail_flags = 0;
    const int rc = cut_event_begin(&fail_flags);
    if (rc == SQLITE_OK) {
        cut_settle(file);
        cut_make_name_durable(file);
        if (with_directory)
            sync_directory();
    } else if (fail_flags & CUTVFS_LOSE_PAGES) {
        forget_pending(file);
    }
    cut_event_end();
    return rc;
}

int cut_delete(struct cut_file *file, bool with_directory)
{
    const int rc = cut_event_begin(NULL);
    if (rc == SQLITE_OK) {
        cut_history_note(CUTVFS_DELETED, file->path, 0, NULL, 0);
        file->named = false;
        stop_counting(file);
        if (!file->named_durably)
            cut_take_off(file);
        if (with_directory)
            sync_directory();
    }
    cut_event_end();
    return rc;
}

int cut_sync_names(void)
{
    const int rc = cut_event_begin(NULL);
    if (rc == SQLITE_OK)
        sync_directory();
    cut_event_end();
    return rc;
}
