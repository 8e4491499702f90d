/* Wraps, blocks, tags. */
#include "keys/recording.h"
#include "vault/blocks.h"
#include "vault/tag.h"
#include "vectors.h"
#include <sodium.h>
#include <string.h>

typedef struct wrap_case {
    vpi_recording_keys keys;
    vpi_recording_bond bond;
    unsigned purpose;
    uint8_t public_key[VPI_KEY_BYTES];
    uint8_t secret_key[VPI_KEY_BYTES];
    vpi_grant grants[2];
    size_t n_grants;
    uint8_t wrap[VPI_WRAP_BYTES];
} wrap_case;

static vpriv_status open_wrap(const wrap_case *c)
{
    uint8_t key[VPI_KEY_BYTES], inner[VPI_INNER_BYTES], opened[VPI_KEY_BYTES];
    vpi_grant grants[2];
    memcpy(grants, c->grants, sizeof grants);
    vpriv_status st =
        vpi_wrap_key(c->keys.shred_key, &c->bond, c->purpose, grants, c->n_grants, key);
    if (st == VPRIV_OK)
        st = vpi_wrap_open(key, &c->bond, c->purpose, c->wrap, inner);
    if (st == VPRIV_OK)
        st = vpi_inner_open(inner, &c->bond, c->public_key, c->secret_key, opened);
    if (st == VPRIV_OK && memcmp(opened, c->keys.recording_key, sizeof opened) != 0)
        st = VPRIV_E_INTERNAL;
    return st;
}

static void put_bond(vectors *v, const vpi_recording_bond *bond)
{
    vectors_hex(v, "vault_id", bond->vault_id, sizeof bond->vault_id);
    vectors_hex(v, "recording_id", bond->recording_id, sizeof bond->recording_id);
    vectors_hex(v, "tag_hash", bond->tag_hash, sizeof bond->tag_hash);
}

static void try_wrap(vectors *v, const char *name, vpriv_status expected, const wrap_case *c)
{
    uint8_t commitment[VPI_HASH_BYTES];
    vectors_case(v, name, expected, open_wrap(c));
    put_bond(v, &c->bond);
    vectors_hex(v, "shred_key", c->keys.shred_key, VPI_KEY_BYTES);
    vectors_number(v, "purpose", c->purpose);
    vectors_hex(v, "secret_key", c->secret_key, sizeof c->secret_key);
    vectors_hex(v, "grants", c->grants, c->n_grants * sizeof c->grants[0]);
    vectors_hex(v, "wrap", c->wrap, sizeof c->wrap);
    vpi_recording_commitment(c->keys.recording_key, &c->bond, commitment);
    vectors_hex(v, "recording_key", c->keys.recording_key, VPI_KEY_BYTES);
    vectors_hex(v, "commitment", commitment, sizeof commitment);
}

static void make_wrap(wrap_case *c, size_t n_grants)
{
    uint8_t key[VPI_KEY_BYTES], inner[VPI_INNER_BYTES];
    vpi_recording_keys_generate(&c->keys);
    vpi_random(&c->bond, sizeof c->bond);
    vpi_random(c->grants, sizeof c->grants);
    c->n_grants = n_grants;
    c->purpose = 3;
    vpi_random(c->secret_key, sizeof c->secret_key);
    crypto_scalarmult_base(c->public_key, c->secret_key);
    vectors_must(
        vpi_inner_seal(c->keys.recording_key, &c->bond, c->public_key, inner), "inner box");
    vectors_must(vpi_wrap_key(c->keys.shred_key, &c->bond, c->purpose, c->grants, n_grants, key),
        "wrap key");
    vpi_wrap_seal(key, &c->bond, c->purpose, inner, c->wrap);
}

static void wraps(vectors *v)
{
    wrap_case good, bad;
    vectors_open(
        v, "wrap", "Wraps: shred key, every grant key and the purpose's secret key open it.");
    make_wrap(&good, 1);
    try_wrap(v, "one speaker", VPRIV_OK, &good);
    make_wrap(&good, 2);
    try_wrap(v, "two speakers", VPRIV_OK, &good);
    bad = good;
    memcpy(&bad.grants[0], &good.grants[1], sizeof bad.grants[0]);
    memcpy(&bad.grants[1], &good.grants[0], sizeof bad.grants[1]);
    try_wrap(v, "two speakers, told in the other order", VPRIV_OK, &bad);
    bad = good;
    memcpy(bad.grants[0].key, good.grants[1].key, VPI_KEY_BYTES);
    memcpy(bad.grants[1].key, good.grants[0].key, VPI_KEY_BYTES);
    try_wrap(v, "each with the other's grant key", VPRIV_E_AUTH, &bad);
    bad = good;
    bad.n_grants = 1;
    try_wrap(v, "one of two grant keys", VPRIV_E_AUTH, &bad);
    static const struct {
        const char *name;
        size_t at;
    } faults[] = {{"another vault", offsetof(wrap_case, bond.vault_id)},
        {"another recording", offsetof(wrap_case, bond.recording_id) + 15},
        {"another tag", offsetof(wrap_case, bond.tag_hash)},
        {"another shred key", offsetof(wrap_case, keys.shred_key)},
        {"another grant key", offsetof(wrap_case, grants) + 63},
        {"another secret key", offsetof(wrap_case, secret_key) + 8},
        {"another purpose", offsetof(wrap_case, purpose)}, {"suite", offsetof(wrap_case, wrap)},
        {"wrap", offsetof(wrap_case, wrap) + 60}};
    for (size_t i = 0; i < N_OF(faults); i++) {
        bad = good;
        ((uint8_t *)&bad)[faults[i].at] ^= 1;
        crypto_scalarmult_base(bad.public_key, bad.secret_key);
        try_wrap(v, faults[i].name, VPRIV_E_AUTH, &bad);
    }
    vectors_close(v);
}

typedef struct block_case {
    vpi_recording_keys keys;
    vpi_recording_bond bond;
    uint64_t sequence;
    bool is_final;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    uint8_t block[VPI_BLOCK_BYTES];
} block_case;

static vpriv_status open_block(const block_case *c)
{
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_block_walk walk;
    vpi_block_entry entry;
    vpriv_status st = vpi_block_open(
        &c->keys, &c->bond, c->sequence, c->is_final, c->block, sizeof c->block, plain);
    if (st == VPRIV_OK && memcmp(plain, c->plain, sizeof plain) != 0)
        st = VPRIV_E_INTERNAL;
    if (st == VPRIV_OK)
        st = vpi_block_walk_start(plain, &walk);
    while (st == VPRIV_OK && walk.next < walk.n_entries)
        st = vpi_block_walk_next(&walk, &entry);
    return st;
}

static void put_entries(vectors *v, const uint8_t *plain)
{
    vpi_block_walk walk;
    vpi_block_entry entry;
    vectors_must(vpi_block_walk_start(plain, &walk), "block");
    vectors_number(v, "position", walk.start_48k);
    while (vpi_block_walk_next(&walk, &entry) == VPRIV_OK) {
        if (entry.is_gap) {
            vectors_number(v, "gap_skipped", entry.skipped_48k);
            vectors_number(v, "gap_lost", entry.lost_48k);
        } else if (entry.is_silence) {
            vectors_number(v, "silence", entry.skipped_48k);
        } else {
            vectors_hex(v, "packet", entry.packet, entry.n_bytes);
        }
    }
}

static void try_block(vectors *v, const char *name, vpriv_status expected, const block_case *c)
{
    vectors_case(v, name, expected, open_block(c));
    put_bond(v, &c->bond);
    vectors_hex(v, "recording_key", c->keys.recording_key, VPI_KEY_BYTES);
    vectors_number(v, "sequence", c->sequence);
    vectors_number(v, "final", c->is_final);
    vectors_hex(v, "block", c->block, sizeof c->block);
    if (expected == VPRIV_OK)
        put_entries(v, c->plain);
}

static void seal(block_case *c)
{
    vpi_block_seal(&c->keys, &c->bond, c->sequence, c->is_final, c->plain, c->block);
}

/* Plaintexts that the builder does not make, sealed all the same. */
static void bad_plaintexts(vectors *v, const block_case *good)
{
    static const struct {
        const char *name;
        size_t at;
        uint16_t value;
    } faults[] = {{"an entry of nothing", 10, 0}, {"a packet too long", 10, 4001},
        {"an unknown mark", 10, 0x8003}, {"a mark that is a size", 10, 0x8000 | 60},
        {"an entry beyond the end", 14, 4000}, {"more entries than there are", 8, 2040},
        {"an entry forgotten", 8, 2}, {"padding", VPI_BLOCK_PLAIN_BYTES - 2, 0x0100}};
    for (size_t i = 0; i < N_OF(faults); i++) {
        block_case bad = *good;
        bad.plain[faults[i].at] = (uint8_t)faults[i].value;
        bad.plain[faults[i].at + 1] = (uint8_t)(faults[i].value >> 8);
        seal(&bad);
        try_block(v, faults[i].name, VPRIV_E_AUTH, &bad);
    }
}

static void blocks(vectors *v)
{
    static vpi_block_builder builder;
    block_case good = {.sequence = 5}, bad;
    uint8_t packet[VPI_PACKET_BYTES_MAX];
    vectors_open(v, "block", "Blocks: packets, gaps and silence in 4,096 bytes.");
    vpi_random(packet, sizeof packet);
    vpi_random(&good.bond, sizeof good.bond);
    vpi_recording_keys_generate(&good.keys);
    vpi_block_clear(&builder, UINT64_C(0x0001020304));
    vpi_block_finish(&builder, good.plain);
    seal(&good);
    try_block(v, "empty", VPRIV_OK, &good);
    (void)vpi_block_add_packet(&builder, packet, VPI_PACKET_BYTES_MAX);
    vpi_block_finish(&builder, good.plain);
    seal(&good);
    try_block(v, "the longest packet", VPRIV_OK, &good);
    vpi_block_clear(&builder, UINT64_C(0x0001020304));
    (void)vpi_block_add_packet(&builder, packet, 60);
    (void)vpi_block_add_gap(&builder, 4800, 4799);
    (void)vpi_block_add_packet(&builder, packet + 60, 1);
    vpi_block_finish(&builder, good.plain);
    seal(&good);
    try_block(v, "packets and a gap", VPRIV_OK, &good);
    bad = good;
    bad.is_final = true;
    try_block(v, "opened as final", VPRIV_E_AUTH, &bad);
    seal(&bad);
    try_block(v, "final", VPRIV_OK, &bad);
    bad.is_final = false;
    try_block(v, "final, opened as not", VPRIV_E_AUTH, &bad);
    static const struct {
        const char *name;
        size_t at;
    } faults[] = {{"another place in the recording", offsetof(block_case, sequence)},
        {"another recording", offsetof(block_case, bond.recording_id)},
        {"another tag", offsetof(block_case, bond.tag_hash) + 31},
        {"another vault", offsetof(block_case, bond.vault_id)},
        {"suite", offsetof(block_case, block)}, {"ciphertext", offsetof(block_case, block) + 1},
        {"tag", offsetof(block_case, block) + VPI_BLOCK_BYTES - 1}};
    for (size_t i = 0; i < N_OF(faults); i++) {
        bad = good;
        ((uint8_t *)&bad)[faults[i].at] ^= 1;
        try_block(v, faults[i].name, VPRIV_E_AUTH, &bad);
    }
    bad_plaintexts(v, &good);
    vpi_block_clear(&builder, UINT64_C(0x0001020304));
    (void)vpi_block_add_silence(&builder, 960);
    (void)vpi_block_add_silence(&builder, 1920);
    (void)vpi_block_add_gap(&builder, 0, 30);
    (void)vpi_block_add_silence(&builder, 960);
    (void)vpi_block_add_packet(&builder, packet, 60);
    (void)vpi_block_add_silence(&builder, UINT32_MAX);
    (void)vpi_block_add_silence(&builder, 960);
    vpi_block_finish(&builder, good.plain);
    seal(&good);
    try_block(v, "silence", VPRIV_OK, &good);
    vpi_block_clear(&builder, 0);
    (void)vpi_block_add_silence(&builder, 0);
    vpi_block_finish(&builder, bad.plain);
    seal(&bad);
    try_block(v, "silence of no length", VPRIV_E_AUTH, &bad);
    vectors_close(v);
}

static void try_tag(
    vectors *v, const char *name, vpriv_status expected, const uint8_t *bytes, size_t n_bytes)
{
    static vpi_tag tag;
    uint8_t hash[VPI_HASH_BYTES];
    vectors_case(v, name, expected, vpi_tag_decode(bytes, n_bytes, &tag));
    vpi_tag_hash(bytes, n_bytes, hash);
    vectors_hex(v, "tag", bytes, n_bytes);
    vectors_hex(v, "tag_hash", hash, sizeof hash);
    if (expected != VPRIV_OK)
        return;
    vectors_hex(v, "subjects", tag.subjects, tag.n_subjects * sizeof tag.subjects[0]);
    vectors_number(v, "all_identified", tag.all_identified);
    vectors_number(v, "purposes", tag.purposes);
    vectors_number(v, "n_consents", tag.n_consents);
    vectors_text(v, "wake_word", tag.wake_word);
    vectors_text(v, "device_class", tag.device_class);
    vectors_text(v, "jurisdiction", tag.jurisdiction);
    vectors_number(v, "trigger", tag.trigger);
    vectors_number(v, "retention", tag.retention);
    vectors_number(v, "policy_epoch", tag.policy_epoch);
    vectors_number(v, "started_us", (uint64_t)tag.started_us);
    vectors_number(v, "rate_hz", tag.rate_hz);
    vectors_number(v, "n_channels", tag.n_channels);
    vectors_number(v, "pre_skip_48k", tag.pre_skip_48k);
}

static void make_tag(uint8_t bytes[VPI_TAG_ENCODED_BYTES], size_t *n_out)
{
    static vpi_tag tag = {.n_subjects = 2,
        .all_identified = VPRIV_FACT_YES,
        .purposes = 0x2004,
        .n_consents = 2,
        .trigger = VPRIV_TRIGGER_WAKE_WORD,
        .trigger_score = 0.8125f,
        .wake_word = "computer",
        .device_class = "speaker",
        .jurisdiction = "strict",
        .retention = VPRIV_RETENTION_90_DAYS,
        .policy_epoch = 7,
        .started_us = INT64_C(1800000000000000),
        .rate_hz = 16000,
        .n_channels = 1,
        .pre_skip_48k = 312};
    vpi_random(tag.subjects, sizeof tag.subjects);
    tag.subjects[0][0] = 0x10;
    tag.subjects[1][0] = 0x20;
    for (uint8_t i = 0; i < 2; i++) {
        vpi_random(&tag.consents[i], sizeof tag.consents[i]);
        tag.consents[i].subject = i;
        tag.consents[i].purpose = 2;
    }
    vectors_must(vpi_tag_encode(&tag, bytes, n_out), "tag");
}

static void tags(vectors *v)
{
    uint8_t good[VPI_TAG_ENCODED_BYTES], bad[VPI_TAG_ENCODED_BYTES];
    size_t n = 0;
    vectors_open(v, "tag", "Tags: what a recording is.");
    make_tag(good, &n);
    try_tag(v, "ok", VPRIV_OK, good, n);
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } faults[] = {{"version", 0, 2}, {"no subject", 2, 0}, {"seventeen subjects", 2, 17},
        {"subjects out of order", 3, 0x30}, {"no such fact", 35, 3}, {"too many consents", 40, 129},
        {"a consent of nobody", 41, 2}, {"a consent for nothing", 42, 32},
        {"a wake word too long", 41 + 2 * 50 + 5, 32}};
    for (size_t i = 0; i < N_OF(faults); i++) {
        memcpy(bad, good, n);
        bad[faults[i].at] = faults[i].value;
        try_tag(v, faults[i].name, VPRIV_E_AUTH, bad, n);
    }
    memcpy(bad, good, n);
    memcpy(bad + 3 + 16, bad + 3, 16);
    try_tag(v, "a subject twice", VPRIV_E_AUTH, bad, n);
    try_tag(v, "cut", VPRIV_E_AUTH, good, n - 1);
    memcpy(bad, good, n);
    bad[n] = 0;
    try_tag(v, "a byte more", VPRIV_E_AUTH, bad, n + 1);
    vectors_close(v);
}

void vectors_recordings(vectors *v)
{
    vectors_randomness(3);
    wraps(v);
    blocks(v);
    tags(v);
}
