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
uint32_t attack_opens(const struct attack *attack, const uint8_t *recording_id);
/* Whether any copy ever held a header or an envelope of the recording: what could name its keys. */
bool attack_saw_keys_of(const struct attack *attack, const uint8_t *recording_id);
size_t attack_n_keys(const struct attack *attack);
size_t attack_n_nodes(const struct attack *attack);

#endif
