/* An attacker has every old copy of the disk, each after every single write, and all secrets that
 * exist now. What was erased, withdrawn or never confirmed does not open with them; what lives does;
 * and with the root records of the past, which a medium that forgets has not got any more, everything
 * that was ever kept would open: so the attack can see. */
#include "fault/attack.h"
#include "fault/cutvfs.h"
#include "fault/life.h"
#include "vault/sealer.h"
#include <stdio.h>

#define KEEP   VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)
#define REVIEW VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW)

#define TAKEN_MAX 40

struct taken {
    vpriv_recording_id id;
    uint32_t once;   /* purposes it was kept for */
    uint32_t now;    /* of those, what it may open for today */
    const char *how; /* for messages */
};

struct story {
    struct life life;
    vpriv_keyring *credential;
    uint8_t bea[VPRIV_SUBJECT_ID_BYTES], cem[VPRIV_SUBJECT_ID_BYTES];
    size_t n_taken;
    struct taken taken[TAKEN_MAX];
};

static size_t take(
    struct story *story, const uint8_t *subject, uint32_t purposes, vpriv_vault *vault)
{
    vpriv_outcome outcome;
    const size_t i = story->n_taken++;
    ck_assert_uint_lt(i, TAKEN_MAX);
    ck_ok(life_record_into(&story->life, vault ? vault : story->life.vault, subject,
        40 + 20 * (uint32_t)(i % 3), 300 + 50 * (uint32_t)i, &outcome));
    ck_assert(outcome.is_stored);
    story->taken[i] = (struct taken){outcome.recording, purposes, purposes, "alive"};
    return i;
}

static void erase(struct story *story, size_t first, size_t n)
{
    vpriv_recording_id ids[TAKEN_MAX];
    for (size_t i = 0; i < n; i++) {
        ids[i] = story->taken[first + i].id;
        story->taken[first + i].now = 0;
        story->taken[first + i].how = "erased";
    }
    ck_ok(vpriv_vault_erase(story->life.vault, ids, n, NULL));
}

static void reopen(struct story *story)
{
    life_close(&story->life);
    ck_ok(life_open(&story->life));
}

/* A trigger that is not meant. */
static void reject_one(struct story *story, vpriv_vault *vault)
{
    static uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_sealer_request request = {.required = KEEP};
    vpi_sealer *sealer = NULL;
    bool closed = false;
    request.tag.n_subjects = 1;
    request.tag.all_identified = VPRIV_FACT_YES;
    memcpy(request.tag.subjects[0], story->life.ada, VPI_SUBJECT_ID_BYTES);
    request.tag.trigger = VPRIV_TRIGGER_WAKE_WORD;
    request.tag.retention = VPRIV_RETENTION_90_DAYS;
    request.tag.rate_hz = LIFE_RATE_HZ;
    request.tag.n_channels = 1;
    request.tag.started_us = story->life.clock_us;
    ck_ok(vpi_sealer_create(vault, &request, &sealer));
    struct taken *taken = &story->taken[story->n_taken++];
    *taken = (struct taken){.how = "rejected"};
    memcpy(taken->id.bytes, vpi_sealer_recording_id(sealer), sizeof taken->id.bytes);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    ck_ok(vpi_sealer_reject(sealer, 0, &closed));
    vpi_sealer_destroy(sealer);
}

static void withdraw(
    struct story *story, const uint8_t *subject, vpriv_purpose purpose, size_t first, size_t n)
{
    ck_ok(vpriv_consent_withdraw(story->life.vault, subject, purpose, NULL, NULL));
    for (size_t i = first; i < first + n; i++) {
        story->taken[i].now &= ~VPRIV_PURPOSE_BIT(purpose);
        story->taken[i].how = "withdrawn";
    }
}

/* Without the root: one that will be erased once it is adopted, one that stays, one false wake. */
static void capture(struct story *story)
{
    vpriv_vault *vault = NULL;
    life_close(&story->life);
    ck_ok(vpriv_vault_open_for_capture(story->life.path, story->credential, NULL, &vault));
    take(story, story->life.ada, KEEP, vault);
    take(story, story->life.ada, KEEP, vault);
    reject_one(story, vault);
    vpriv_vault_close(vault);
    ck_ok(life_open(&story->life));
}

static void live(struct story *story)
{
    struct life *life = &story->life;
    ck_ok(life_create(life));
    life_settle_in(life);
    ck_ok(vpriv_vault_capture_credential(life->vault, &story->credential));
    ck_ok(vpriv_subject_add(life->vault, VPRIV_SUBJECT_USER, "Bea", NULL, story->bea));
    ck_ok(vpriv_subject_add(life->vault, VPRIV_SUBJECT_USER, "Cem", NULL, story->cem));
    ck_ok(life_give(life, story->bea, VPRIV_PURPOSE_KEEP_HISTORY));
    ck_ok(life_give(life, story->cem, VPRIV_PURPOSE_KEEP_HISTORY));
    const size_t ada = take(story, life->ada, KEEP | REVIEW, NULL);
    for (int i = 0; i < 4; i++)
        take(story, life->ada, KEEP | REVIEW, NULL);
    reject_one(story, life->vault);
    erase(story, ada, 1);
    reopen(story);
    const size_t bea = take(story, story->bea, KEEP, NULL);
    take(story, story->bea, KEEP, NULL);
    const size_t cem = take(story, story->cem, KEEP, NULL);
    take(story, story->cem, KEEP, NULL);
    erase(story, ada + 1, 2);
    withdraw(story, life->ada, VPRIV_PURPOSE_HUMAN_REVIEW, ada, 5);
    withdraw(story, story->bea, VPRIV_PURPOSE_KEEP_HISTORY, bea, 2);
    reopen(story);
    const size_t captured = story->n_taken;
    capture(story);
    erase(story, captured, 1);
    ck_ok(life_give(life, story->bea, VPRIV_PURPOSE_KEEP_HISTORY));
    take(story, story->bea, KEEP, NULL);
    ck_ok(vpriv_subject_erase(life->vault, story->cem, NULL));
    story->taken[cem].now = story->taken[cem + 1].now = 0;
    ck_ok(vpriv_vault_tidy(life->vault, 1000, NULL));
    const size_t late = take(story, life->ada, KEEP, NULL);
    take(story, life->ada, KEEP, NULL);
    capture(story);
    reject_one(story, life->vault);
    erase(story, late, 1);
    for (int i = 0; i < 3; i++)
        take(story, life->ada, KEEP, NULL);
    life_close(life);
}

static void judge(const struct story *story, struct attack *attack, bool with_past)
{
    for (size_t i = 0; i < story->n_taken; i++) {
        const struct taken *taken = &story->taken[i];
        const uint32_t opened = attack_opens(attack, taken->id.bytes);
        const uint32_t wanted = with_past ? taken->once : taken->now;
        ck_assert_msg(opened == wanted, "recording %zu (%s) opens for %x, not %x, %s", i,
            taken->how, opened, wanted, with_past ? "with old roots" : "with what exists now");
        ck_assert(attack_saw_keys_of(attack, taken->id.bytes) == (taken->once != 0));
    }
}

/* An old disk with the present root: refused, or of the present generation; and nothing dead speaks. */
static bool library_accepts(struct story *story)
{
    uint8_t root[VPRIV_ROOT_RECORD_BYTES];
    memcpy(root, story->life.root.record, sizeof root);
    const vpriv_status opened = life_open(&story->life);
    ck_assert_mem_eq(story->life.root.record, root, sizeof root);
    ck_assert_msg(opened == VPRIV_OK || opened == VPRIV_E_ROLLBACK || opened == VPRIV_E_FORMAT ||
                      opened == VPRIV_E_IO || opened == VPRIV_E_AUTH || opened == VPRIV_E_NOT_FOUND,
        "%s: %s", vpriv_status_text(opened), vpriv_error_detail());
    for (size_t i = 0; opened == VPRIV_OK && i < story->n_taken; i++)
        if (!(story->taken[i].now & KEEP))
            ck_assert_int_ne(
                life_listen(&story->life, &story->taken[i].id, VPRIV_PURPOSE_KEEP_HISTORY).status,
                VPRIV_OK);
    life_close(&story->life);
    return opened == VPRIV_OK;
}

START_TEST(every_old_copy_and_every_present_secret_open_nothing_dead)
{
    struct story *story = calloc(1, sizeof *story);
    struct attack *attack = NULL;
    const struct cutvfs_snapshot *disk = NULL;
    struct cutvfs_version change;
    size_t n_states = 0, n_readable = 0, n_tried = 0, n_accepted = 0;
    cutvfs_install();
    life_begin(&story->life);
    story->life.root.keeps_olds = true;
    cutvfs_record_history(true);
    live(story);
    cutvfs_record_history(false);
    ck_assert_uint_ge(story->n_taken, 20);
    attack = attack_create(story->life.root.record, story->life.owner);
    struct cutvfs_snapshot *present = cutvfs_snapshot();
    struct cutvfs_replay *replay = cutvfs_replay_start();
    while (cutvfs_replay_next(replay, &disk, &change)) {
        n_states++;
        if (change.change == CUTVFS_WROTE)
            attack_add_page(attack, change.bytes, change.n_bytes);
        cutvfs_restore(disk);
        n_readable += attack_add_database(attack, story->life.path);
        if (life_is_long() || n_states % 11 == 0) {
            cutvfs_restore(disk);
            n_tried++;
            n_accepted += library_accepts(story);
        }
    }
    cutvfs_replay_free(replay);
    attack_add_root(attack, story->life.root.record);
    attack_solve(attack);
    judge(story, attack, false);
    const size_t n_keys = attack_n_keys(attack);
    for (size_t i = 0; i < story->life.root.n_olds; i++)
        attack_add_root(attack, story->life.root.olds[i]);
    attack_solve(attack);
    judge(story, attack, true);
    printf("%zu old disks (%zu readable), %zu key nodes, %zu generations; %zu keys found with what"
           " exists now, %zu with the old roots; library took %zu of %zu old disks\n",
        n_states, n_readable, attack_n_nodes(attack), story->life.root.n_olds + 1, n_keys,
        attack_n_keys(attack), n_accepted, n_tried);
    ck_assert_uint_gt(n_readable, 100);
    ck_assert_uint_gt(attack_n_keys(attack), n_keys);
    ck_assert_uint_lt(n_accepted, n_tried / 2);
    /* The present disk, as the library sees it, is what the story says. */
    cutvfs_restore(present);
    ck_ok(life_open(&story->life));
    for (size_t i = 0; i < story->n_taken; i++)
        ck_assert(
            (life_listen(&story->life, &story->taken[i].id, VPRIV_PURPOSE_KEEP_HISTORY).status ==
                VPRIV_OK) == ((story->taken[i].now & KEEP) != 0));
    attack_destroy(attack);
    cutvfs_snapshot_free(present);
    vpriv_keyring_close(story->credential);
    life_end(&story->life);
    cutvfs_uninstall();
    free(story);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: old copies");
    TCase *tcase = tcase_create("history");
    tcase_set_timeout(tcase, life_is_long() ? 3600 : 120);
    tcase_add_test(tcase, every_old_copy_and_every_present_secret_open_nothing_dead);
    suite_add_tcase(suite, tcase);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
