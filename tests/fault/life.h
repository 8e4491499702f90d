/* One vault's life, as the fault tests need it: a root store in memory that is part of the events of
 * cutvfs, a person with consents, a source of sound that is the same every time, and a picture of
 * everything the vault tells, as text, to compare before and after a fault. */
#ifndef TESTS_FAULT_LIFE_H
#define TESTS_FAULT_LIFE_H

#include "unit/unit.h"
#include <voicepriv/capture.h>
#include <voicepriv/gate.h>
#include <voicepriv/keys.h>
#include <voicepriv/past.h>
#include <voicepriv/people.h>
#include <voicepriv/recorder.h>
#include <voicepriv/vault.h>

#define LIFE_OLD_ROOTS_MAX 96
#define LIFE_RATE_HZ       16000u
#define LIFE_PATH_BYTES    256

/* A medium that forgets at once, and whose replacements are events. */
struct memory_root {
    uint8_t record[VPRIV_ROOT_RECORD_BYTES];
    bool is_set;
    bool is_event;   /* replacements ask cutvfs_external_event() */
    bool keeps_olds; /* collects the records that were replaced, for controls */
    size_t n_olds;
    uint8_t olds[LIFE_OLD_ROOTS_MAX][VPRIV_ROOT_RECORD_BYTES];
};
vpriv_root_store *memory_root_open(struct memory_root *root);

struct life {
    char folder[LIFE_PATH_BYTES];
    char path[LIFE_PATH_BYTES]; /* folder/v */
    struct memory_root root;
    vpriv_root_store *store;
    vpriv_keyring *owner;
    vpriv_vault *vault; /* NULL while closed */
    uint8_t ada[VPRIV_SUBJECT_ID_BYTES];
    int64_t clock_us;
};

/* A fresh folder below TMPDIR; removed, with everything in it, by life_end. */
void life_begin(struct life *life);
void life_end(struct life *life);

/* All of these give the library's status; the vault stays closed when opening fails. */
vpriv_status life_create(struct life *life);
vpriv_status life_open(struct life *life);
void life_close(struct life *life);

/* Ada, the notice "history", and her consents for keep_history and human_review. */
void life_settle_in(struct life *life);
vpriv_status life_give(struct life *life, const uint8_t *subject, vpriv_purpose purpose);

/* Record n_ms of a tone from a source of unknown length; `vault` may be open for capture. */
vpriv_status life_record_into(struct life *life, vpriv_vault *vault, const uint8_t *subject,
    uint32_t n_ms, uint32_t pitch_hz, vpriv_outcome *outcome_out);
/* Into the open vault, of Ada. The id is stored when it is not NULL; fails the test on failure. */
void life_record(struct life *life, uint32_t n_ms, uint32_t pitch_hz, vpriv_recording_id *id_out);
vpriv_source *life_source(uint32_t n_ms, uint32_t pitch_hz, bool ends);
vpriv_recorder_config life_recorder_config(const uint8_t *subject);

/* What one recording says when it is asked for a purpose. */
struct life_sound {
    vpriv_status status;
    bool is_unfinished;
    uint64_t n_frames;
    uint64_t hash; /* FNV-1a over the frames */
};
struct life_sound life_listen(
    struct life *life, const vpriv_recording_id *id, vpriv_purpose purpose);

/* Everything the open vault tells: counts, people, consents with their history, recordings with
 * tombstones, who heard them, and their sound for both purposes. Ids and times are left out, so that
 * two runs of the same steps give the same text. An error of a call becomes part of the text. Asking
 * for the sound goes into the log, after it was read. To be freed. */
char *life_picture(struct life *life);
/* The recordings' part of it only. */
char *life_picture_of_recordings(struct life *life);

/* PRAGMA integrity_check says "ok". */
bool life_database_is_sound(const struct life *life);
/* Rows of unconfirmed recordings, and blocks of no recording: none, once a vault was opened. */
int64_t life_strays(const struct life *life);
/* Recording, reading, withdrawing and giving go on as ever. Fails the test when not. */
void life_goes_on(struct life *life);

/* True in the programs of make check-long. */
bool life_is_long(void);
/* The first line where two texts differ, for messages; static. */
const char *life_difference(const char *wanted, const char *got);

#endif
