/* The inside of a reader. Everything secret is in one guarded allocation, made when the gate opens and
 * freed when it closes. */
#ifndef VPI_GATE_GATE_H
#define VPI_GATE_GATE_H

#include "packets/decoder.h"
#include "packets/packet.h"
#include "vault/blocks.h"
#include <voicepriv/gate.h>

#define VPI_PCM_CAPACITY_FRAMES (VPI_PACKET_MAX_FRAMES48) /* 120 ms at 48 kHz */

typedef struct vpi_reader_secrets {
    vpi_recording_keys keys;
    uint8_t block[VPI_BLOCK_PLAIN_BYTES];
    float pcm[VPI_PCM_CAPACITY_FRAMES * 2];
} vpi_reader_secrets;

/* from_48k: as it is played, without the pre-skip. */
typedef void (*vpi_lost_fn)(void *user, uint64_t from_48k, uint64_t n_frames_48k);

typedef enum vpi_reader_use {
    VPI_READER_FRESH = 0,
    VPI_READER_PACKETS = 1,
    VPI_READER_FRAMES = 2,
} vpi_reader_use;

struct vpriv_reader {
    vpriv_vault *vault;
    vpriv_purpose purpose;
    char recipient[VPRIV_LOG_RECIPIENT_BYTES]; /* empty is the controller */
    uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES];
    uint8_t record_sha256[VPRIV_SHA256_BYTES];
    vpi_recording *recording;
    uint64_t n_blocks;
    uint64_t next_block;
    vpi_block_walk walk;
    bool walking;
    vpi_reader_use use;
    /* Frames: what was decoded and not given out yet. */
    vpi_decoder *decoder;
    size_t pcm_at;
    size_t pcm_filled;
    uint64_t n_zeros;   /* of a gap or silence, still to be given out */
    uint64_t n_to_skip; /* pre-skip, at the reader's rate */
    uint64_t n_given;
    uint64_t n_lost;
    uint64_t n_silent;
    vpi_reader_secrets *secrets;
    /* A salvage goes on behind blocks that do not open, or are none inside; its vault is a copy that nobody else
     * has. */
    bool is_salvage;
    uint64_t position_48k; /* of the next entry, the pre-skip included */
    uint64_t gap_48k;      /* lost, still to be given out */
    uint64_t n_good_blocks;
    uint64_t n_bad_blocks;
    vpi_lost_fn lost_fn; /* NULL, or told of each stretch that is lost */
    void *lost_user;
};

/* VPRIV_E_ARG for a request that does not say who and what for. */
vpriv_status vpi_gate_check_request(const vpriv_gate_request *request);
/* In a write transaction: the answer goes into the log, whatever it is; a yes, which has no reasons and
 * no key missing, spends one use. derivative: its id, or NULL for the recording's sound. */
vpriv_status vpi_gate_log_answer(vpriv_vault *vault, vpi_recording *recording,
    const uint8_t *derivative, const vpriv_gate_request *request, bool key_missing,
    uint32_t reasons, const uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES]);
/* The same where something is to leave, with the commit, and the answer as a status: VPRIV_OK only when it is
 * yes and the log has it on the disk. Right behind a yes the log has what serves others than the person, which
 * may have to be asked back. */
vpriv_status vpi_gate_answer(vpriv_vault *vault, vpi_recording *recording,
    const uint8_t *derivative, const vpriv_gate_request *request, bool key_missing,
    uint32_t reasons, const uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES]);

/* Opens what was made from the recording, as far as consent and keyring allow, and throws it away. In a
 * snapshot, with the lock held. *n_io counts blocks. */
vpriv_status vpi_gate_verify_derivatives(vpriv_vault *vault, const vpi_recording *recording,
    const vpriv_keyring *keyring, uint64_t *n_io);

/* Shared by opening and verifying. Unwrapping goes from shred key, grant keys and the purpose's secret
 * key to the recording key, in a snapshot, after the decision and its log entry. */
vpriv_status vpi_gate_reader_create(vpriv_vault *vault, vpriv_reader **reader_out);
bool vpi_gate_has_key(
    const vpriv_vault *vault, const vpriv_keyring *keyring, vpriv_purpose purpose);
vpriv_status vpi_gate_unwrap(vpriv_reader *reader, const vpriv_keyring *keyring);

/* The same for a damaged recording, and the hash of the consent it is opened under: blocks are not counted. */
vpriv_status vpi_gate_unwrap_alone(vpriv_reader *reader, const vpriv_keyring *keyring);

/* salvage.c: decide as the gate does, on a rebuilt copy whose log nobody will ever see: the caller makes the
 * record. The row's recording must load. VPRIV_E_CONSENT, with the reasons, when the answer is no. */
vpriv_status vpi_gate_salvage(vpriv_vault *vault, const vpriv_keyring *keyring, int64_t row,
    const vpriv_gate_request *request, vpriv_reader **reader_out, uint32_t *reasons_out);
/* What the answer to these reasons would have been asked from, and is not there: bits. 0 where they do not come from
 * that alone. */
#define VPI_MISSES_PERSON  1u
#define VPI_MISSES_CONSENT 2u
#define VPI_MISSES_NOTICE  4u
uint32_t vpi_gate_misses(
    vpriv_vault *vault, const vpi_recording *recording, vpriv_purpose purpose, uint32_t reasons);
vpriv_status vpi_gate_next_salvaged(vpriv_reader *reader, vpi_block_entry *entry_out);
/* Shared by whatever opens. */
vpriv_status vpi_gate_check_request(const vpriv_gate_request *request);

/* The next entry, opening blocks as needed; VPRIV_E_NOT_FOUND, without a text, at the end. Asks for
 * consent again at every block. */
vpriv_status vpi_gate_next_entry(vpriv_reader *reader, vpi_block_entry *entry_out);

/* A reader serves packets or frames, not both. */
vpriv_status vpi_gate_use(vpriv_reader *reader, vpi_reader_use use);

#endif
