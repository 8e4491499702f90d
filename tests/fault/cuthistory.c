#include "fault/cutdisk.h"
#include <stdlib.h>
#include <string.h>

static const char temporary[] = "(temporary)";

static bool recording;
static struct cutvfs_version *versions;
static size_t n_versions;
static size_t versions_room;

struct cutvfs_replay {
    struct cutvfs_snapshot disk;
    size_t n_done;
};

static void forget_versions(void)
{
    for (size_t i = 0; i < n_versions; i++)
        free((void *)(uintptr_t)versions[i].bytes);
    free(versions);
    versions = NULL;
    n_versions = 0;
    versions_room = 0;
}

void cut_history_forget(void)
{
    recording = false;
    forget_versions();
}

void cut_history_note(
    enum cutvfs_change change, const char *path, size_t offset, const void *data, size_t n)
{
    if (!recording)
        return;
    if (n_versions == versions_room) {
        versions_room = versions_room > 0 ? 2 * versions_room : 256;
        versions = cut_resize(versions, versions_room * sizeof *versions);
    }
    uint8_t *bytes = NULL;
    if (change == CUTVFS_WROTE) {
        bytes = cut_resize(NULL, n > 0 ? n : 1);
        memcpy(bytes, data, n);
    }
    if (path == NULL && change != CUTVFS_REPLACED)
        path = temporary;
    versions[n_versions++] = (struct cutvfs_version){.change = change,
        .path = path,
        .offset_bytes = offset,
        .bytes = bytes,
        .n_bytes = n,
        .event = cut_disk.events};
}

void cut_history_note_whole_disk(void)
{
    cut_history_note(CUTVFS_REPLACED, NULL, 0, NULL, 0);
    for (const struct cut_file *file = cut_disk.files; file != NULL; file = file->next)
        if (file->named)
            cut_history_note(CUTVFS_WROTE, file->path, 0, file->now.data, file->now.n);
}

void cutvfs_record_history(bool on)
{
    cut_lock();
    if (on) {
        forget_versions();
        recording = true;
        cut_history_note_whole_disk();
    }
    recording = on;
    cut_unlock();
}

bool cutvfs_history(size_t index, struct cutvfs_version *version_out)
{
    cut_lock();
    const bool found = index < n_versions;
    if (found)
        *version_out = versions[index];
    cut_unlock();
    return found;
}

/* Returns the file changed, if it is still there. */
static const struct cut_bytes *apply(
    struct cutvfs_snapshot *disk, const struct cutvfs_version *version)
{
    struct cut_bytes *bytes = NULL;
    switch (version->change) {
    case CUTVFS_REPLACED:
        cut_copy_clear(disk);
        break;
    case CUTVFS_DELETED:
        cut_copy_remove(disk, version->path);
        break;
    case CUTVFS_TRUNCATED:
        bytes = cut_copy_find(disk, version->path);
        if (bytes != NULL)
            cut_bytes_set_size(bytes, version->offset_bytes);
        break;
    case CUTVFS_WROTE:
        bytes = cut_copy_find(disk, version->path);
        if (bytes == NULL)
            bytes = cut_copy_add(disk, version->path);
        cut_bytes_write(bytes, version->offset_bytes, version->bytes, version->n_bytes);
        break;
    }
    return bytes;
}

struct cutvfs_replay *cutvfs_replay_start(void)
{
    struct cutvfs_replay *replay = cut_resize(NULL, sizeof *replay);
    *replay = (struct cutvfs_replay){0};
    return replay;
}

bool cutvfs_replay_next(struct cutvfs_replay *replay, const struct cutvfs_snapshot **disk_out,
    struct cutvfs_version *last_change_out)
{
    cut_lock();
    const bool found = replay->n_done < n_versions;
    if (found) {
        const struct cutvfs_version *version = &versions[replay->n_done++];
        apply(&replay->disk, version);
        *disk_out = &replay->disk;
        *last_change_out = *version;
    }
    cut_unlock();
    return found;
}

void cutvfs_replay_free(struct cutvfs_replay *replay)
{
    if (replay == NULL)
        return;
    cut_copy_clear(&replay->disk);
    free(replay->disk.files);
    free(replay);
}

static bool holds(const struct cut_bytes *bytes, const void *needle, size_t n)
{
    return bytes->n >= n && memmem(bytes->data, bytes->n, needle, n) != NULL;
}

/* What a write made can only stand where it wrote, or across its borders. */
static bool holds_near(const struct cut_bytes *bytes, const struct cutvfs_version *version,
    const void *needle, size_t n)
{
    const size_t start = version->offset_bytes > n ? version->offset_bytes - n : 0;
    size_t end = version->offset_bytes + version->n_bytes + n;
    if (end > bytes->n)
        end = bytes->n;
    return end > start && memmem(bytes->data + start, end - start, needle, n) != NULL;
}

static const char *find_in_history(const void *needle, size_t n)
{
    struct cutvfs_replay *replay = cutvfs_replay_start();
    const char *path = NULL;
    while (path == NULL && replay->n_done < n_versions) {
        const struct cutvfs_version *version = &versions[replay->n_done++];
        const struct cut_bytes *bytes = apply(&replay->disk, version);
        if (bytes != NULL && holds_near(bytes, version, needle, n))
            path = version->path;
    }
    cutvfs_replay_free(replay);
    return path;
}

const char *cutvfs_contains(const void *needle, size_t n_bytes)
{
    cut_lock();
    const char *path = find_in_history(needle, n_bytes);
    for (struct cut_file *file = cut_disk.files; file != NULL && path == NULL; file = file->next)
        if (holds(&file->now, needle, n_bytes) ||
            (file->durable_differs && holds(&file->durable, needle, n_bytes)))
            path = file->path;
    cut_unlock();
    return path;
}
