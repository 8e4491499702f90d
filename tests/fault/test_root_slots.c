/* The power is cut at every write, sync and name of a root key file, and of the vault that goes with it: while
 * the root moves from a key file behind a passphrase, while the passphrase is changed, and while a recovery key
 * is made. The vault opens with the old secret or with the new one, with the new one alone once the call has
 * said so, and no file keeps two versions once it was opened. */
#include "fault/cutfiles.h"
#include "fault/cutvfs.h"
#include "fault/life.h"
#include <sodium.h>
#include <stdio.h>
#include <voicepriv/storage.h>

#define SLOT_BYTES 4096
#define OLD_WORDS  "quiet hedgehog under glass"
#define NEW_WORDS  "seven lanterns by the ferry"

static const vpriv_passphrase_cost cheap = {sizeof cheap, 1, 8192};

struct bench;
typedef vpriv_status (*opener)(struct bench *bench, vpriv_root_store **store_out);

/* What is cut, and the two ways in. */
struct change {
    const char *name;
    opener old, new;
    vpriv_status (*act)(struct bench *bench);
    opener always; /* besides */
};

struct bench {
    const struct change *change;
    struct life life;
    char file_path[LIFE_PATH_BYTES + 16], words_path[LIFE_PATH_BYTES + 16];
    char old_key[VPRIV_RECOVERY_KEY_TEXT_BYTES], new_key[VPRIV_RECOVERY_KEY_TEXT_BYTES];
    struct cutvfs_snapshot *start;
    vpriv_recording_id kept, erased;
    uint64_t hash;
    bool acknowledged;
    uint64_t n_trials, n_old, n_new, n_broken;
};

static vpriv_status by_file(struct bench *bench, vpriv_root_store **store_out)
{
    return vpriv_root_file_open(bench->file_path, store_out);
}

static vpriv_status by_words(struct bench *bench, const char *words, vpriv_root_store **store_out)
{
    return vpriv_root_passphrase_open(bench->words_path, words, strlen(words), &cheap, store_out);
}

static vpriv_status by_old_words(struct bench *bench, vpriv_root_store **store_out)
{
    return by_words(bench, OLD_WORDS, store_out);
}

static vpriv_status by_new_words(struct bench *bench, vpriv_root_store **store_out)
{
    return by_words(bench, NEW_WORDS, store_out);
}

static vpriv_status by_old_key(struct bench *bench, vpriv_root_store **store_out)
{
    return vpriv_root_recovery_open(bench->words_path, bench->old_key, store_out);
}

/* The key is given out when all is done: whoever was cut off makes another one. */
static vpriv_status by_new_key(struct bench *bench, vpriv_root_store **store_out)
{
    if (!bench->new_key[0]) {
        ck_ok(by_old_words(bench, store_out));
        ck_ok(vpriv_root_recovery_key(*store_out, OLD_WORDS, strlen(OLD_WORDS), bench->new_key));
        vpriv_root_close(*store_out);
    }
    return vpriv_root_recovery_open(bench->words_path, bench->new_key, store_out);
}

/* The store that is now in use is the caller's; closed after the vault. */
static vpriv_status open_by(struct bench *bench, opener open)
{
    bench->life.store = NULL;
    vpriv_status st = open(bench, &bench->life.store);
    if (st == VPRIV_OK)
        st = life_open(&bench->life);
    return st;
}

static void shut(struct bench *bench)
{
    life_close(&bench->life);
    vpriv_root_close(bench->life.store);
    bench->life.store = NULL;
}

static vpriv_status move(struct bench *bench)
{
    vpriv_root_store *to = NULL;
    vpriv_status st = by_new_words(bench, &to);
    if (st == VPRIV_OK)
        st = vpriv_vault_move_root(bench->life.vault, to, "test");
    life_close(&bench->life);
    vpriv_root_close(to);
    return st;
}

static vpriv_status change_words(struct bench *bench)
{
    return vpriv_root_passphrase_change(bench->life.store, NEW_WORDS, strlen(NEW_WORDS), &cheap);
}

static vpriv_status make_key(struct bench *bench)
{
    return vpriv_root_recovery_key(bench->life.store, OLD_WORDS, strlen(OLD_WORDS), bench->new_key);
}

static const struct change changes[] = {
    {"a key file behind a passphrase", by_file, by_new_words, move, NULL},
    {"another passphrase", by_old_words, by_new_words, change_words, by_old_key},
    {"another recovery key", by_old_key, by_new_key, make_key, by_old_words},
};

static void set_up(struct bench *bench, const struct change *change)
{
    struct life *life = &bench->life;
    memset(bench, 0, sizeof *bench);
    bench->change = change;
    cutvfs_install();
    life_begin(life);
    vpriv_root_close(life->store);
    snprintf(bench->file_path, sizeof bench->file_path, "%s.file", life->path);
    snprintf(bench->words_path, sizeof bench->words_path, "%s.words", life->path);
    cutfiles_take(bench->file_path);
    cutfiles_take(bench->words_path);
    ck_ok((change->old == by_file ? by_file : by_old_words)(bench, &life->store));
    ck_ok(life_create(life));
    life_settle_in(life);
    life_record(life, 40, 300, &bench->kept);
    life_record(life, 40, 500, &bench->erased);
    const struct life_sound sound = life_listen(life, &bench->kept, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_assert_int_eq(sound.status, VPRIV_OK);
    bench->hash = sound.hash;
    ck_ok(vpriv_vault_erase(life->vault, &bench->erased, 1, NULL));
    if (change->old != by_file)
        ck_ok(vpriv_root_recovery_key(life->store, OLD_WORDS, strlen(OLD_WORDS), bench->old_key));
    shut(bench);
    bench->start = cutvfs_snapshot();
}

static void tear_down(struct bench *bench)
{
    shut(bench);
    life_end(&bench->life);
    cutfiles_leave();
    cutvfs_snapshot_free(bench->start);
    cutvfs_uninstall();
}

static void work(void *user)
{
    struct bench *bench = user;
    bench->life.clock_us += 1000000;
    bench->new_key[0] = '\0';
    bench->acknowledged =
        open_by(bench, bench->change->old) == VPRIV_OK && bench->change->act(bench) == VPRIV_OK;
    shut(bench);
}

static void assert_all_there(struct bench *bench)
{
    struct life *life = &bench->life;
    const struct life_sound kept = life_listen(life, &bench->kept, VPRIV_PURPOSE_KEEP_HISTORY);
    const struct life_sound gone = life_listen(life, &bench->erased, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_assert_int_eq(kept.status, VPRIV_OK);
    ck_assert_uint_eq(kept.hash, bench->hash);
    ck_assert_int_eq(gone.status, VPRIV_E_ERASED);
    ck_assert(life_database_is_sound(life));
}

/* Opened, looked through, and closed again. */
static bool opens(struct bench *bench, opener open)
{
    const vpriv_status st = open_by(bench, open);
    ck_assert_msg(st == VPRIV_OK || st == VPRIV_E_ROOT || st == VPRIV_E_AUTH ||
                      st == VPRIV_E_ROLLBACK || st == VPRIV_E_NOT_FOUND || st == VPRIV_E_FORMAT,
        "%s: %s", vpriv_status_text(st), vpriv_error_detail());
    if (st == VPRIV_OK)
        assert_all_there(bench);
    shut(bench);
    return st == VPRIV_OK;
}

static void assert_one_version(const char *path)
{
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    if (!cutvfs_file_bytes(path, &bytes, &n_bytes))
        return;
    ck_assert_uint_le(n_bytes, 2 * SLOT_BYTES);
    if (n_bytes == 2 * SLOT_BYTES)
        ck_assert(
            sodium_is_zero(bytes, SLOT_BYTES) || sodium_is_zero(bytes + SLOT_BYTES, SLOT_BYTES));
}

/* The very first version in a file, and only a part of its sector got there: the file is refused as damaged, and
 * has to go by hand. What it was to replace is untouched. */
static void remove_broken_beginning(struct bench *bench)
{
    vpriv_root_store *store = NULL;
    if (bench->change->old != by_file)
        return;
    const vpriv_status st = by_new_words(bench, &store);
    vpriv_root_close(store);
    if (st == VPRIV_OK)
        return;
    ck_assert_int_eq(st, VPRIV_E_FORMAT);
    ck_assert(cutvfs_file_remove(bench->words_path));
    bench->n_broken++;
}

static void check(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    const struct change *change = bench->change;
    const bool key_is_lost = change->new == by_new_key && !bench->acknowledged;
    bench->n_trials++;
    if (change->always)
        ck_assert(opens(bench, change->always));
    const bool with_old = opens(bench, change->old);
    const bool with_new = key_is_lost ? !with_old : opens(bench, change->new);
    ck_assert_msg(with_old || with_new, "%s, cut after %llu, %s: neither opens it", change->name,
        (unsigned long long)trial->cut, cutvfs_mode_name(trial->mode));
    /* Two files may hold the same key; one file never holds two. */
    ck_assert(!(with_old && with_new) || change->old == by_file);
    ck_assert(!bench->acknowledged || (with_new && !with_old));
    bench->n_new += with_new;
    bench->n_old += !with_new;
    assert_one_version(bench->file_path);
    assert_one_version(bench->words_path);
    if (!with_new || key_is_lost) { /* again: now it comes through */
        remove_broken_beginning(bench);
        ck_ok(open_by(bench, key_is_lost ? by_old_words : change->old));
        ck_ok(change->act(bench));
        shut(bench);
    }
    ck_assert(opens(bench, change->new));
    ck_assert(!opens(bench, change->old) || (with_old && with_new));
    ck_ok(open_by(bench, change->new));
    life_goes_on(&bench->life);
    shut(bench);
    ck_assert(!opens(bench, change->old)); /* something was destroyed: one root is in force */
}

START_TEST(the_old_secret_opens_it_or_the_new_one)
{
    struct bench *bench = calloc(1, sizeof *bench);
    set_up(bench, &changes[_i]);
    const struct cutvfs_plan plan = {.start = bench->start,
        .work = work,
        .check = check,
        .user = bench,
        .n_seeds = life_is_long() ? 12 : 1,
        .step_events = 1};
    const uint64_t n_cuts = cutvfs_try_every_cut(&plan);
    printf("%s: %llu cuts, %llu trials, %llu with the old secret, %llu with the new, %llu broken\n",
        bench->change->name, (unsigned long long)n_cuts, (unsigned long long)bench->n_trials,
        (unsigned long long)bench->n_old, (unsigned long long)bench->n_new,
        (unsigned long long)bench->n_broken);
    ck_assert_uint_ge(n_cuts, 8); /* two slots, in pieces, with their syncs */
    ck_assert_uint_gt(bench->n_old, 0);
    ck_assert_uint_gt(bench->n_new, 0);
    tear_down(bench);
    free(bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: root key files");
    TCase *tcase = tcase_create("slots");
    setvbuf(stdout, NULL, _IOLBF, 0);
    tcase_set_timeout(tcase, life_is_long() ? 3600 : 120);
    tcase_add_loop_test(tcase, the_old_secret_opens_it_or_the_new_one, 0,
        (int)(sizeof changes / sizeof changes[0]));
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
