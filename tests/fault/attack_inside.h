/* What the two halves of the attacker share: attack.c collects and unseals, attack_open.c tries the sound. */
#ifndef TESTS_FAULT_ATTACK_INSIDE_H
#define TESTS_FAULT_ATTACK_INSIDE_H

#include "fault/attack.h"
#include "keys/derivative.h"
#include "keys/keyring.h"

enum blob_kind { NODE, PENDING, HEADER, WRAPS, INGEST, BLOCK, SHELF, CONTENT, N_KINDS };

struct blob {
    enum blob_kind kind;
    int64_t row;
    int64_t other; /* ingest: kind; header: key slot; block: sequence; content: its recording */
    uint8_t state;
    uint16_t retention;
    uint8_t name[VPI_RECORDING_ID_BYTES];
    size_t n_bytes;
    uint8_t *bytes;
    uint8_t *plain; /* NULL until it opened */
    size_t n_plain;
    uint8_t key[VPI_KEY_BYTES]; /* that opened it */
};

/* A recording's key, and what its blocks are bound to. */
struct find {
    vpi_recording_bond bond;
    vpi_recording_keys keys;
};

struct attack {
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    const vpriv_keyring *keyring;
    size_t n_blobs, n_keys, n_keys_used, room_blobs, room_keys;
    struct blob *blobs;
    uint8_t (*keys)[VPI_KEY_BYTES];
    size_t n_roots;
    struct {
        uint64_t generation;
        uint8_t key[VPI_KEY_BYTES];
    } roots[256];
    size_t n_finds, room_finds;
    struct find *finds;
    size_t n_contents, room_contents; /* ids of derivatives that opened */
    uint8_t (*contents)[VPI_DERIVATIVE_ID_BYTES];
    uint64_t *seen; /* hashes of blobs and keys, open addressing */
};

/* An array with room for one more. */
void *attack_grow(void *items, size_t n, size_t *room, size_t item_bytes);

#endif
