/* An attacker who has every old copy of a vault file and whatever secrets they are given: collects
 * everything sealed, opens what can be opened with the keys at hand, takes the keys found inside, and
 * goes on until nothing new opens. Uses the formats only (lib/keys), asks nobody for consent. */
#ifndef TESTS_FAULT_ATTACK_H
#define TESTS_FAULT_ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <voicepriv/keys.h>

struct attack;

/* The keyring is borrowed; its purpose keys are at the attacker's hand. */
struct attack *attack_create(const uint8_t *vault_id, const vpriv_keyring *keyring);
void attack_destroy(struct attack *attack);

/* Everything sealed in the database at `path`, as SQLite shows it now. False: not readable. */
bool attack_add_database(struct attack *attack, const char *path);
/* Key nodes in an image of one page, whether or not any transaction committed it. */
void attack_add_page(struct attack *attack, const uint8_t *page, size_t n_bytes);
/* A root record of VPRIV_ROOT_RECORD_BYTES. */
void attack_add_root(struct attack *attack, const uint8_t *record);

/* Use every key on everything. Can be called again after more was added. */
void attack_solve(struct attack *attack);
/* Purposes for which the recording's first block opens. */
uint32_t attack_opens(struct attack *attack, const uint8_t *recording_id);
/* Whether the content of something made from the recording opens for any purpose. */
bool attack_reads(struct attack *attack, const uint8_t *recording_id, const uint8_t *derivative_id);
/* Whether any copy ever held a header or an envelope of the recording: what could name its keys. */
bool attack_saw_keys_of(const struct attack *attack, const uint8_t *recording_id);
/* A row of a block in any copy. */
struct attack_block {
    const uint8_t *recording_id; /* zeros: of no recording */
    uint64_t sequence;
    const uint8_t *bytes;
    size_t n_bytes;
    bool is_open; /* with any recording's key that was found */
};
typedef void (*attack_block_fn)(void *user, const struct attack_block *block);
/* All of them, different ones once. */
void attack_blocks(struct attack *attack, attack_block_fn fn, void *user);
/* Whether this key was found, wherever it lay. */
bool attack_knows(const struct attack *attack, const uint8_t *key);
size_t attack_n_keys(const struct attack *attack);
size_t attack_n_nodes(const struct attack *attack);

#endif
