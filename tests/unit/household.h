/* A household for the tests of the upper rooms: a vault in a folder of its own, a root store in
 * memory that keeps nothing but its latest record, a clock the test turns, two people, one notice.
 *
 * And an attacker: somebody who has old copies of the vault's files, and everything that is secret
 * now. `household_attack` collects every key such a person can get at, from the format alone. */
#ifndef TESTS_HOUSEHOLD_H
#define TESTS_HOUSEHOLD_H

#include "unit.h"
#include "vault/sealer.h"
#include "vault/vault.h"
#include <voicepriv/voicepriv.h>

#define HOUSEHOLD_START_US INT64_C(1795336216000000) /* 2026-11-22 */
#define SECOND_US          INT64_C(1000000)
#define DAY_US             (86400 * SECOND_US)
#define PATH_BYTES         128

/* In memory that a forked process shares. */
typedef struct household_cell {
    uint8_t record[VPRIV_ROOT_RECORD_BYTES];
    bool is_filled;
    bool refuses; /* replacing fails */
    _Atomic int64_t now_us;
} household_cell;

typedef struct household {
    char folder[PATH_BYTES];
    char path[PATH_BYTES];
    household_cell *cell;
    vpriv_root_store *root;
    vpriv_vault *vault;
    vpriv_keyring *keyring;
    uint8_t ada[VPRIV_SUBJECT_ID_BYTES];
    uint8_t bob[VPRIV_SUBJECT_ID_BYTES];
} household;

typedef enum household_store {
    HOUSEHOLD_FORGETS, /* callbacks, KEYED */
    HOUSEHOLD_FILE,    /* a key file, BEST_EFFORT */
} household_store;

void household_open(household *h, household_store store);
void household_close(household *h);
/* The handle again, as after a restart. */
void household_reopen(household *h);
vpriv_status household_open_vault(household *h, const char *path, vpriv_vault **vault_out);
/* A root store of its own on the same cell, for a second process. */
vpriv_root_store *household_root(household_cell *cell);
int64_t household_clock(void *cell);
void household_pass(household *h, int64_t us);
void household_file(const household *h, const char *name, char path_out[PATH_BYTES]);

void household_notice(household *h, const char *version, const char *text);
void household_give(household *h, const uint8_t *subject, vpriv_purpose purpose);
vpriv_status household_give_with(
    household *h, const uint8_t *subject, vpriv_purpose purpose, vpriv_consent_evidence evidence);
void household_withdraw(household *h, const uint8_t *subject, vpriv_purpose purpose);

/* Sound: 16 kHz, one channel. */
#define HOUSEHOLD_RATE_HZ 16000
void household_tone(int16_t *frames_out, size_t n_frames, double hz, double level);
/* Real speech at 48 kHz; the caller frees. */
float *household_speech(size_t *n_frames_out);
/* A push source of these frames that has ended already. */
vpriv_source *household_source(const int16_t *frames, size_t n_frames);
vpriv_recorder_config household_config(const uint8_t *subjects, size_t n_subjects);

extern const vpriv_trigger household_button;
/* Record half a second of a tone into `vault`. */
vpriv_status household_try_record(
    vpriv_vault *vault, const vpriv_recorder_config *config, vpriv_outcome *outcome_out);
vpriv_recording_id household_record(household *h, const uint8_t *subject);
/* What is asked of a sealer for one person, until erased, for what is required alone. */
vpi_sealer_request household_request(const uint8_t *subject);
/* A recording of one block, without the cost of encoding. */
vpriv_recording_id household_quick(household *h, const uint8_t *subject);
vpriv_recording_id household_quick_for(
    household *h, const uint8_t *subject, vpriv_retention retention);
vpriv_recording_id household_quick_ago(
    household *h, const uint8_t *subject, int64_t started_ago_us);
/* Also of the future, where it began -started_ago_us from now. */
vpriv_recording_id household_quick_ago_for(
    household *h, const uint8_t *subject, int64_t started_ago_us, vpriv_retention retention);

/* Opens for a purpose and reads to the end; what the first failing call gave. */
vpriv_status household_hear(
    household *h, const vpriv_recording_id *recording, vpriv_purpose purpose);
vpriv_status household_hear_in(vpriv_vault *vault, const vpriv_keyring *keyring,
    const vpriv_recording_id *recording, vpriv_purpose purpose, const char *recipient);

/* Raw SQL beside the library. */
void household_sql(const household *h, const char *sql);
int64_t household_count(const household *h, const char *sql);

/* One number for every value in every table, and the root record: the same when nothing changed. */
uint64_t household_print(const household *h);

/* Copy the vault's files (with the -wal) as they are now. */
void household_copy(const household *h, const char *name);
/* One file; nothing when there is none. */
void household_copy_file(const char *from, const char *to);

/* What somebody knows who has an old copy and all secrets of now. */
typedef struct household_attacker {
    uint8_t (*keys)[VPI_KEY_BYTES];
    size_t n_keys;
    size_t room;
} household_attacker;
void household_attack(const household *h, const char *name, household_attacker *attacker);
void household_attack_end(household_attacker *attacker);
bool household_knows(const household_attacker *attacker, const uint8_t key[VPI_KEY_BYTES]);

/* Keys, through the library's insides. */
void household_shred_key(
    household *h, const vpriv_recording_id *recording, uint8_t key_out[VPI_KEY_BYTES]);
void household_grant_key(
    household *h, const uint8_t *subject, vpriv_purpose purpose, uint8_t key_out[VPI_KEY_BYTES]);

#endif
