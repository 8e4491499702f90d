/* A disk in memory under SQLite, whose power can be cut at any moment.
 *
 * cutvfs_install() makes it SQLite's default VFS: code that opens files with a NULL VFS name works
 * on this disk without knowing. Paths are plain names (taken as they are, no folders needed).
 * The disk serves WAL mode, locks between all connections of this process, and counts every
 * change as an *event*. A test says after which event the power fails, turns it on again in one
 * of the ways a disk may have kept unsynced data, and looks at what is left:
 *
 *     static void work(void *user)     { open the library, withdraw, note what it acknowledged }
 *     static void check(void *user, const struct cutvfs_trial *trial)  { open again, assert }
 *
 *     cutvfs_install();
 *     make_vault();                                       // ... and close it
 *     struct cutvfs_snapshot *start = cutvfs_snapshot();
 *     const struct cutvfs_plan plan = {.start = start, .work = work, .check = check, .user = &t};
 *     ck_assert_uint_gt(cutvfs_try_every_cut(&plan), 20);
 *     cutvfs_snapshot_free(start);
 *
 * What power loss keeps (no harsher than POSIX, as SQLite uses it on Linux):
 *  - xSync makes all earlier writes and truncations of that file durable, and the file's name.
 *  - Without a sync they are *pending*; the mode says which of them survive.
 *  - A new file may vanish until its first xSync. A deletion is pending (the file may come back
 * with its last durable content) until xDelete with syncDir, until a new file of that name is
 * synced, or until the first xSync through a handle that opened a journal or WAL with CREATE (there
 *    SQLite's own VFS syncs the folder). These two also make all other names durable.
 *  - Names are never half there: each survives with an unbroken start of its pending changes.
 *  - Shared memory (the WAL index) and temporary files never survive.
 *  - Files renamed or written behind SQLite's back are not on this disk: a root store kept by the
 *    test reports its replacements with cutvfs_external_event().
 *
 * Connections from before a power cut (or a restore) are dead: every operation of theirs fails
 * with SQLITE_IOERR and touches nothing; closing them, then or later, is safe and frees them.
 *
 * Events: xWrite, xTruncate, xSync, xDelete, an xOpen that creates, cutvfs_external_event(). Reads,
 * locks and shared memory are not events, nor is what happens to temporary files, nor a write
 * refused by cutvfs_limit_bytes(). All functions may be called from any thread (one mutex);
 * they stop the program when memory runs out. */
#ifndef TESTS_FAULT_CUTVFS_H
#define TESTS_FAULT_CUTVFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Put an empty disk under SQLite as the default VFS, with power, no limit, nothing recorded.
 * Calling it again empties the disk and kills open connections. */
void cutvfs_install(void);

/* Give SQLite its own VFS back. All connections must be closed. Frees everything but snapshots. */
void cutvfs_uninstall(void);

/* ---- Power ---- */

enum cutvfs_mode {
    CUTVFS_KEEP_ALL,      /* everything written is there */
    CUTVFS_LOSE_UNSYNCED, /* nothing pending is there */
    CUTVFS_TORN,      /* all is there, but of the newest pending write only the first half, up to
                         a multiple of 512 bytes in the file; none when it is within one sector */
    CUTVFS_REORDERED, /* of the pending changes of each file a random subset, by seed */
};
#define CUTVFS_N_MODES 4

/* Number of events since cutvfs_install(); never goes back, also not by restoring. */
uint64_t cutvfs_events(void);

/* Let `n_events` more events happen, then the power fails; 0 is at once. From then on everything
 * fails with SQLITE_IOERR, reads and opening included. */
void cutvfs_cut_after(uint64_t n_events);

/* Turn the power on; when it is on, cut it first, now. Whatever survives `mode` is durable. `seed`
 * matters for CUTVFS_REORDERED only. Forgets armed cuts and failures; the limit stays. */
void cutvfs_power_on(enum cutvfs_mode mode, uint64_t seed);

bool cutvfs_power_is_on(void);

/* For things that are durable at once but not on this disk, such as a root store kept by the test:
 * count an event. False: it must not happen (power is off, or this event was told to fail). */
bool cutvfs_external_event(void);

/* ---- Every cut ---- */

/* One run of `work` that was cut. */
struct cutvfs_trial {
    uint64_t cut; /* the events that happened before the power failed */
    enum cutvfs_mode mode;
    uint64_t seed;
};

struct cutvfs_plan {
    const struct cutvfs_snapshot *start; /* the disk each run starts from */
    void (*work)(void *user);            /* resets the test's own state, works, closes everything;
                                            must live with any failure */
    void (*check)(void *user, const struct cutvfs_trial *trial); /* power is on again; asserts */
    void *user;
    unsigned n_seeds;     /* runs of CUTVFS_REORDERED per cut; 0 means 1 */
    uint64_t step_events; /* distance between cuts; 0 means 1: every event */
};

/* Run `work` with the power cut after 0, 1, 2, ... events until a run comes through uncut, each in
 * every mode, and `check` after each. Returns the number of distinct cuts. */
uint64_t cutvfs_try_every_cut(const struct cutvfs_plan *plan);

const char *cutvfs_mode_name(enum cutvfs_mode mode);

/* ---- One failure ---- */

/* After this failing xSync the pending changes of the file are gone for good, though reading still
 * shows them and the next xSync succeeds: what Linux does after a write-back error. */
#define CUTVFS_LOSE_PAGES 1U

/* Make the n-th event from now (1 is the next) fail with this SQLite code and do nothing; the ones
 * after it work. It counts as an event. One failure can be armed at a time; n = 0 disarms. */
void cutvfs_fail_event(uint64_t n, int sqlite_code, unsigned flags);

/* ---- Space ---- */

#define CUTVFS_NO_LIMIT UINT64_MAX

/* Size of the disk: a write that would make the files (temporary ones too) together longer than
 * this gives SQLITE_FULL and writes nothing. A limit below what is used now stops all growth. */
void cutvfs_limit_bytes(uint64_t total_bytes);

/* Length of all files together, for setting a limit. */
uint64_t cutvfs_used_bytes(void);

/* ---- Copies of the disk ---- */

struct cutvfs_snapshot;

/* Copy all named files as a program would read them now. */
struct cutvfs_snapshot *cutvfs_snapshot(void);

/* Make the disk this copy, all durable, power on, nothing armed. Open connections die. */
void cutvfs_restore(const struct cutvfs_snapshot *snapshot);

void cutvfs_snapshot_free(struct cutvfs_snapshot *snapshot);

/* Look into a copy without restoring it. The bytes belong to the copy. False: no such file. */
bool cutvfs_snapshot_file(const struct cutvfs_snapshot *snapshot, const char *path,
    const uint8_t **bytes_out, size_t *n_bytes_out);

/* ---- Tampering ---- */

/* The content of a file, to read or change in place. Makes it durable as it is, with the changes
 * made through the pointer. The pointer lives until the file is next written, deleted, cut or
 * restored. An empty file gives a valid pointer and 0. False: no such file. */
bool cutvfs_file_bytes(const char *path, uint8_t **bytes_out, size_t *n_bytes_out);

/* Give a file this content, creating it if need be; durable at once. Not an event. `bytes` must not
 * point into the same file. */
void cutvfs_file_put(const char *path, const void *bytes, size_t n_bytes);

/* Remove a file, durable at once. Not an event. False: no such file. */
bool cutvfs_file_remove(const char *path);

/* Names of all files, oldest first: the first `n_room` are written to `names_out` (which may be
 * NULL when n_room is 0), the number of all is returned. Names live for ever. */
size_t cutvfs_file_names(const char **names_out, size_t n_room);

/* ---- Old copies ---- */

enum cutvfs_change {
    CUTVFS_WROTE,     /* bytes at an offset */
    CUTVFS_TRUNCATED, /* to offset_bytes */
    CUTVFS_DELETED,   /* the file is gone */
    CUTVFS_REPLACED,  /* the whole disk is (power on, restore); all its files follow as written */
};

struct cutvfs_version {
    enum cutvfs_change change;
    const char *path; /* temporary files share the name "(temporary)"; NULL for CUTVFS_REPLACED */
    uint64_t offset_bytes;
    const uint8_t *bytes; /* lives until the recording ends or starts anew */
    size_t n_bytes;
    uint64_t event; /* cutvfs_events() just after it */
};

/* True: forget the old recording, keep the present content as first versions and every change from
 * now on. False: stop, and keep what was recorded. Changes by tampering are not recorded. */
void cutvfs_record_history(bool on);

/* Version number `index` in order of time. False: there are not so many. */
bool cutvfs_history(size_t index, struct cutvfs_version *version_out);

/* Search for bytes in everything any file ever held at any moment since the recording started
 * (also across the borders of single writes), and in what is there now. Returns the path of a file
 * that held them, or NULL. Without a recording: what is there now, synced or not. */
const char *cutvfs_contains(const void *needle, size_t n_bytes);

/* Walk through every old copy of the disk: start, then each next adds one change. Stop recording
 * before restoring a copy. The copy given out belongs to the replay, lives until the next step. */
struct cutvfs_replay *cutvfs_replay_start(void);
bool cutvfs_replay_next(struct cutvfs_replay *replay, const struct cutvfs_snapshot **disk_out,
    struct cutvfs_version *last_change_out);
void cutvfs_replay_free(struct cutvfs_replay *replay);

#endif
