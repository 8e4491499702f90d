#include "fill.h"
#include "base/memory.h"
#include "base/random.h"
#include "vault/blocks.h"
#include "vault/consent_store.h"
#include "vault/header.h"
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define BATCH      5000
#define N_PURPOSES 2

static const vpriv_purpose purposes[N_PURPOSES] = {
    VPRIV_PURPOSE_KEEP_HISTORY, VPRIV_PURPOSE_HUMAN_REVIEW};

typedef struct speaker {
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    uint8_t tag[VPI_TAG_BYTES];
    vpriv_consent_record records[N_PURPOSES];
    uint32_t every; /* speaks in one of so many */
} speaker;

typedef struct fill_secrets {
    uint8_t shred_keys[BATCH][VPI_KEY_BYTES];
    vpi_recording_keys keys;
    uint8_t grants[BENCH_N_PEOPLE][N_PURPOSES][VPI_KEY_BYTES];
    vpi_grant in_use[BENCH_N_PEOPLE];
    uint8_t wrap_key[VPI_KEY_BYTES];
} fill_secrets;

typedef struct filler {
    vpriv_vault *vault;
    bench_filled *filled;
    speaker speakers[BENCH_N_PEOPLE]; /* by id, ascending, as tags have them */
    fill_secrets *secrets;
    vpi_recording recording;
    vpi_wraps wraps;
    uint8_t inner[N_PURPOSES][VPI_INNER_BYTES];
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES], block[VPI_BLOCK_BYTES];
} filler;

static void pragma(vpriv_vault *vault, const char *sql)
{
    BENCH_TRY(vpi_database_script(vault->database, sql));
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const speaker *)a)->id, ((const speaker *)b)->id, VPRIV_SUBJECT_ID_BYTES);
}

static void make_people(filler *f)
{
    static const uint32_t every[BENCH_N_PEOPLE] = {
        [BENCH_IN_ALL] = 1, [BENCH_IN_TENTH] = 10, [BENCH_IN_THOUSANDTH] = 1000};
    bench_filled *filled = f->filled;
    for (int i = 0; i < BENCH_N_PEOPLE; i++) {
        if (i == BENCH_IN_ALL)
            memcpy(filled->people[i], filled->vault.subject, VPRIV_SUBJECT_ID_BYTES);
        else
            bench_subject_add(f->vault, filled->people[i]);
        for (int p = 0; i != BENCH_IN_ALL && p < N_PURPOSES; p++)
            bench_consent(f->vault, filled->people[i], purposes[p], true);
        memcpy(f->speakers[i].id, filled->people[i], VPRIV_SUBJECT_ID_BYTES);
        f->speakers[i].every = every[i];
    }
    qsort(f->speakers, BENCH_N_PEOPLE, sizeof f->speakers[0], by_id);
}

static void read_people(filler *f)
{
    for (int i = 0; i < BENCH_N_PEOPLE; i++) {
        vpi_subject subject;
        speaker *s = &f->speakers[i];
        uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
        BENCH_TRY(vpi_subject_find(f->vault, s->id, &subject));
        BENCH_TRY(vpi_subject_recording_tag(f->vault, subject.row, s->tag));
        for (int p = 0; p < N_PURPOSES; p++) {
            BENCH_TRY(vpi_consent_latest(f->vault, subject.row, purposes[p], &s->records[p], NULL));
            BENCH_TRY(vpi_consent_grant_key(
                f->vault, subject.row, purposes[p], record_id, f->secrets->grants[i][p]));
        }
    }
}

static void describe(filler *f, uint32_t number)
{
    vpi_recording *r = &f->recording;
    vpi_tag *tag = &r->tag;
    memset(r, 0, sizeof *r);
    r->row = (int64_t)number + 1;
    memcpy(r->id, f->filled->ids[number].bytes, sizeof r->id);
    r->state = VPRIV_RECORDING_COMMITTED;
    r->retention = tag->retention = VPRIV_RETENTION_ERASED_ONLY;
    r->expires_us = VPRIV_TIME_FOREVER_US;
    for (int i = 0; i < BENCH_N_PEOPLE; i++) {
        const speaker *s = &f->speakers[i];
        if (number % s->every != 0)
            continue;
        for (int p = 0; p < N_PURPOSES; p++) {
            vpi_tag_consent *consent = &tag->consents[tag->n_consents++];
            consent->subject = (uint8_t)tag->n_subjects;
            consent->purpose = (uint8_t)purposes[p];
            memcpy(consent->record_id, s->records[p].record_id, sizeof consent->record_id);
            memcpy(consent->notice, s->records[p].notice.sha256, sizeof consent->notice);
        }
        memcpy(tag->subjects[tag->n_subjects++], s->id, VPRIV_SUBJECT_ID_BYTES);
    }
    for (int p = 0; p < N_PURPOSES; p++)
        tag->purposes |= VPRIV_PURPOSE_BIT(purposes[p]);
    r->wrapped = tag->purposes;
    tag->all_identified = VPRIV_FACT_YES;
    tag->trigger = VPRIV_TRIGGER_WAKE_WORD;
    memcpy(tag->wake_word, "hello", 6);
    memcpy(tag->device_class, "speaker", 8);
    memcpy(tag->jurisdiction, f->vault->settings.jurisdiction, sizeof tag->jurisdiction);
    tag->started_us = f->filled->first_us + number * BENCH_FILL_GAP_US;
    tag->rate_hz = 16000;
    tag->n_channels = 1;
    tag->pre_skip_48k = 312;
    r->finish = (vpi_finish){true, VPRIV_END_STOPPED, 1, 48000, tag->started_us + 1000000};
    BENCH_TRY(vpi_tag_encode(tag, r->tag_bytes, &r->n_tag_bytes));
    vpi_tag_hash(r->tag_bytes, r->n_tag_bytes, r->tag_hash);
}

static void wrap(filler *f, uint32_t number, const vpi_recording_bond *bond)
{
    fill_secrets *secrets = f->secrets;
    memset(&f->wraps, 0, sizeof f->wraps);
    for (int p = 0; p < N_PURPOSES; p++) {
        size_t n = 0;
        for (int i = 0; i < BENCH_N_PEOPLE; i++)
            if (number % f->speakers[i].every == 0) {
                memcpy(secrets->in_use[n].subject_id, f->speakers[i].id, VPRIV_SUBJECT_ID_BYTES);
                memcpy(secrets->in_use[n++].key, secrets->grants[i][p], VPI_KEY_BYTES);
            }
        if (number % BENCH_FILL_OPENABLE == 0)
            BENCH_TRY(vpi_inner_seal(secrets->keys.recording_key, bond,
                f->vault->purpose_public_key[purposes[p]], f->inner[p]));
        BENCH_TRY(vpi_wrap_key(secrets->keys.shred_key, bond, (unsigned)purposes[p],
            secrets->in_use, n, secrets->wrap_key));
        vpi_wrap_seal(secrets->wrap_key, bond, (unsigned)purposes[p], f->inner[p],
            f->wraps.wrap[purposes[p]]);
        f->wraps.purposes |= VPRIV_PURPOSE_BIT(purposes[p]);
    }
}

static void fill_one(filler *f, uint32_t number, uint64_t slot, const uint8_t *shred_key)
{
    vpi_recording_bond bond;
    vpi_recording *r = &f->recording;
    vpi_recording_keys *keys = &f->secrets->keys;
    describe(f, number);
    r->key_slot = slot;
    vpi_recording_keys_generate(keys);
    memcpy(keys->shred_key, shred_key, VPI_KEY_BYTES);
    vpi_recording_bond_of(f->vault, r, &bond);
    vpi_recording_commitment(keys->recording_key, &bond, r->commitment);
    wrap(f, number, &bond);
    vpi_block_seal(keys, &bond, 0, true, f->plain, f->block);
    BENCH_TRY(vpi_database_run(f->vault->database,
        "INSERT INTO recording(id, name, state, retention) VALUES (?1, ?2, 1, 0)", "ib", r->row,
        r->id, sizeof r->id));
    BENCH_TRY(vpi_recording_store(f->vault, r, shred_key));
    BENCH_TRY(vpi_wraps_store(f->vault, r->row, shred_key, &f->wraps));
    for (int i = 0; i < BENCH_N_PEOPLE; i++)
        if (number % f->speakers[i].every == 0)
            BENCH_TRY(vpi_database_run(f->vault->database,
                "INSERT INTO recording_subject(tag, recording) VALUES (?1, ?2)", "bi",
                f->speakers[i].tag, sizeof f->speakers[i].tag, r->row));
    BENCH_TRY(vpi_blocks_insert(f->vault, r->row, 0, f->block));
}

static void fill_all(filler *f)
{
    const uint32_t n_recordings = f->filled->n_recordings;
    BENCH_TRY(vpi_vault_begin(f->vault));
    for (uint32_t done = 0; done < n_recordings;) {
        const uint32_t left = n_recordings - done, n = left < BATCH ? left : BATCH;
        uint64_t slot = 0;
        vpi_random(f->secrets->shred_keys, sizeof f->secrets->shred_keys);
        BENCH_TRY(vpi_tree_add(f->vault->tree, f->secrets->shred_keys[0], n, &slot));
        for (uint32_t i = 0; i < n; i++)
            fill_one(f, done + i, slot + i, f->secrets->shred_keys[i]);
        done += n;
    }
    BENCH_TRY(vpi_vault_commit(f->vault));
}

void bench_fill(const char *folder, const char *name, uint32_t n_recordings, bench_filled *filled)
{
    filler *f = bench_alloc(sizeof *f);
    bench_vault_create(folder, name, &filled->vault);
    filled->n_recordings = n_recordings;
    filled->ids = bench_alloc(n_recordings * sizeof *filled->ids);
    vpi_random(filled->ids, n_recordings * sizeof *filled->ids);
    f->vault = filled->vault.vault;
    f->filled = filled;
    filled->first_us = vpi_vault_now_us(f->vault) - n_recordings * BENCH_FILL_GAP_US;
    BENCH_TRY(vpi_secret_alloc(sizeof *f->secrets, (void **)&f->secrets));
    make_people(f);
    vpi_block_builder *builder = bench_alloc(sizeof *builder);
    vpi_block_finish(builder, f->plain); /* an empty block: the sizes are the same */
    BENCH_TRY(vpi_vault_enter(f->vault, true));
    read_people(f);
    /* A power cut while filling loses nothing that anybody wants. */
    pragma(f->vault, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF;"
                     "PRAGMA cache_size=-300000;");
    fill_all(f);
    pragma(f->vault, "PRAGMA journal_mode=WAL;");
    vpi_vault_leave(f->vault);
    vpi_secret_free(f->secrets);
    free(builder);
    free(f);
    vpriv_vault_close(filled->vault.vault);
    BENCH_TRY(vpriv_vault_open(filled->vault.path, filled->vault.root, NULL, &filled->vault.vault));
}

void bench_fill_close(bench_filled *filled)
{
    bench_vault_close(&filled->vault);
    free(filled->ids);
}
