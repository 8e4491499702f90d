/* With the keys that were found: which recordings open, and which blocks. */
#include "base/bytes.h"
#include "fault/attack_inside.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include <check.h>
#include <string.h>

#define SPEAKERS_MAX 2

static bool open_block(const struct attack *attack, int64_t row, const vpi_recording_bond *bond,
    const uint8_t recording_key[VPI_KEY_BYTES])
{
    vpi_recording_keys keys;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    memset(&keys, 0, sizeof keys);
    memcpy(keys.recording_key, recording_key, VPI_KEY_BYTES);
    vpi_recording_keys_derive(&keys);
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *blob = &attack->blobs[i];
        if (blob->kind != BLOCK || blob->row != row)
            continue;
        for (int final = 0; final < 2; final++)
            if (vpi_block_open(&keys, bond, 0, final, blob->bytes, blob->n_bytes, plain) ==
                VPRIV_OK)
                return true;
    }
    return false;
}

static const struct find *find_of(const struct attack *attack, const uint8_t *recording_id)
{
    for (size_t i = 0; i < attack->n_finds; i++)
        if (memcmp(attack->finds[i].bond.recording_id, recording_id, VPI_RECORDING_ID_BYTES) == 0)
            return &attack->finds[i];
    return NULL;
}

static void keep_find(struct attack *attack, const vpi_recording_bond *bond,
    const uint8_t recording_key[VPI_KEY_BYTES])
{
    if (find_of(attack, bond->recording_id))
        return;
    attack->finds =
        attack_grow(attack->finds, attack->n_finds, &attack->room_finds, sizeof *attack->finds);
    struct find *find = &attack->finds[attack->n_finds++];
    memset(find, 0, sizeof *find);
    find->bond = *bond;
    memcpy(find->keys.recording_key, recording_key, VPI_KEY_BYTES);
    vpi_recording_keys_derive(&find->keys);
}

static bool open_content(
    struct attack *attack, const vpi_derivative_bond *bond, const uint8_t key[VPI_KEY_BYTES])
{
    vpi_derivative_keys keys;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    memset(&keys, 0, sizeof keys);
    memcpy(keys.key, key, VPI_KEY_BYTES);
    vpi_derivative_keys_derive(&keys);
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *blob = &attack->blobs[i];
        if (blob->kind != CONTENT || blob->n_bytes % VPI_BLOCK_BYTES != 0 ||
            memcmp(blob->name, bond->derivative_id, sizeof blob->name) != 0)
            continue;
        for (int final = 0; final < 2; final++)
            if (vpi_derivative_block_open(&keys, bond, 0, final, blob->bytes, plain) == VPRIV_OK)
                return true;
    }
    return false;
}

static void keep_content(struct attack *attack, const uint8_t *id)
{
    for (size_t i = 0; i < attack->n_contents; i++)
        if (memcmp(attack->contents[i], id, VPI_DERIVATIVE_ID_BYTES) == 0)
            return;
    attack->contents = attack_grow(
        attack->contents, attack->n_contents, &attack->room_contents, sizeof *attack->contents);
    memcpy(attack->contents[attack->n_contents++], id, VPI_DERIVATIVE_ID_BYTES);
}

/* Everything on every copy of the shelf that hangs on this inner box. Another recording's row number may
 * be the same one, after a rejection: the name tells. */
static void open_shelves(struct attack *attack, const vpi_recording_bond *recording,
    unsigned purpose, const uint8_t inner[VPI_INNER_BYTES])
{
    uint8_t branch[VPI_KEY_BYTES], key[VPI_KEY_BYTES];
    vpi_derivative_bond bond;
    memcpy(bond.vault_id, recording->vault_id, sizeof bond.vault_id);
    memcpy(bond.recording_id, recording->recording_id, sizeof bond.recording_id);
    vpi_branch(inner, branch);
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *blob = &attack->blobs[i];
        if (blob->kind != SHELF || !blob->plain ||
            memcmp(blob->name, recording->recording_id, sizeof blob->name) != 0)
            continue;
        vpi_reader all = vpi_reader_of(blob->plain, blob->n_plain);
        while (vpi_reader_left(&all) > 0) {
            const size_t n = vpi_get_u16(&all);
            vpi_reader r = vpi_reader_of(vpi_get_bytes(&all, n), n);
            vpi_get_copy(&r, bond.derivative_id, sizeof bond.derivative_id);
            (void)vpi_get_bytes(&r, 1 + 8 + 4 + VPI_HASH_BYTES);
            for (int text = 0; text < 3; text++)
                (void)vpi_get_bytes(&r, vpi_get_u16(&r));
            const uint32_t purposes = vpi_get_u32(&r);
            ck_assert(!all.failed && !r.failed);
            for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
                if (!(purposes >> p & 1))
                    continue;
                (void)vpi_get_bytes(&r, VPI_BRANCH_TAG_BYTES);
                const uint8_t *wrap = vpi_get_bytes(&r, VPI_DERIVATIVE_WRAP_BYTES);
                ck_assert(!r.failed);
                if (p == purpose &&
                    vpi_derivative_wrap_open(wrap, &bond, p, branch, attack->keyring->public_key[p],
                        attack->keyring->secret_key[p], key) == VPRIV_OK &&
                    open_content(attack, &bond, key))
                    keep_content(attack, bond.derivative_id);
            }
        }
    }
}

static bool open_inner(struct attack *attack, int64_t row, const vpi_recording_bond *bond,
    unsigned purpose, const uint8_t *inner)
{
    uint8_t recording_key[VPI_KEY_BYTES];
    open_shelves(attack, bond, purpose, inner);
    if (vpi_inner_open(inner, bond, attack->keyring->public_key[purpose],
            attack->keyring->secret_key[purpose], recording_key) != VPRIV_OK)
        return false;
    keep_find(attack, bond, recording_key);
    return open_block(attack, row, bond, recording_key);
}

/* Everybody who speaks, as the header has it. */
struct speakers {
    size_t n;
    uint8_t subject[SPEAKERS_MAX][VPI_SUBJECT_ID_BYTES];
};

static void read_speakers(const struct blob *header, size_t n_tag, struct speakers *speakers_out)
{
    static vpi_recording recording;
    vpi_reader r = vpi_reader_of(header->plain, header->n_plain);
    memset(&recording, 0, sizeof recording);
    (void)vpi_get_bytes(&r, 4);
    ck_assert_int_eq(vpi_tag_decode(vpi_get_bytes(&r, n_tag), n_tag, &recording.tag), VPRIV_OK);
    (void)vpi_get_bytes(&r, VPI_HASH_BYTES + 8 + 4 + 2 + 3 * 8 + 8 + 1);
    (void)vpi_get_bytes(&r, (size_t)vpi_get_u8(&r) * 9);
    (void)vpi_get_u16(&r); /* derivatives */
    vpi_amendments_get(&r, &recording.tag, &recording.amendments);
    ck_assert(!r.failed);
    speakers_out->n = vpi_n_speakers(&recording);
    ck_assert_uint_le(speakers_out->n, SPEAKERS_MAX);
    for (uint32_t i = 0; i < speakers_out->n; i++)
        memcpy(speakers_out->subject[i], vpi_speaker(&recording, i), VPI_SUBJECT_ID_BYTES);
}

/* One wrap with every key there is as each speaker's grant key. */
static bool open_wrap(struct attack *attack, const struct blob *header,
    const vpi_recording_bond *bond, const struct speakers *speakers, unsigned purpose,
    const uint8_t *wrap)
{
    const size_t n_second = speakers->n > 1 ? attack->n_keys : 1;
    for (size_t i = 0; i < attack->n_keys * n_second; i++) {
        uint8_t key[VPI_KEY_BYTES], inner[VPI_INNER_BYTES];
        vpi_grant grants[SPEAKERS_MAX];
        const size_t used[SPEAKERS_MAX] = {i / n_second, i % n_second};
        for (size_t s = 0; s < speakers->n; s++) {
            memcpy(grants[s].subject_id, speakers->subject[s], sizeof grants[s].subject_id);
            memcpy(grants[s].key, attack->keys[used[s]], VPI_KEY_BYTES);
        }
        if (vpi_wrap_key(header->key, bond, purpose, grants, speakers->n, key) == VPRIV_OK &&
            vpi_wrap_open(key, bond, purpose, wrap, inner) == VPRIV_OK &&
            open_inner(attack, header->row, bond, purpose, inner))
            return true;
    }
    return false;
}

static uint32_t open_by_wraps(struct attack *attack, const struct blob *header)
{
    uint32_t opened = 0;
    vpi_recording_bond bond;
    struct speakers speakers;
    const size_t n_tag = (size_t)header->plain[2] | (size_t)header->plain[3] << 8;
    memcpy(bond.vault_id, attack->vault_id, sizeof bond.vault_id);
    memcpy(bond.recording_id, header->name, sizeof bond.recording_id);
    vpi_tag_hash(header->plain + 4, n_tag, bond.tag_hash);
    read_speakers(header, n_tag, &speakers);
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *wraps = &attack->blobs[i];
        if (wraps->kind != WRAPS || wraps->row != header->row || !wraps->plain)
            continue;
        vpi_reader r = vpi_reader_of(wraps->plain, wraps->n_plain);
        const uint32_t purposes = vpi_get_u32(&r);
        for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
            if (!(purposes >> p & 1))
                continue;
            const uint8_t *wrap = vpi_get_bytes(&r, VPI_WRAP_BYTES);
            ck_assert(!r.failed);
            if (!(opened >> p & 1) && open_wrap(attack, header, &bond, &speakers, p, wrap))
                opened |= UINT32_C(1) << p;
        }
    }
    return opened;
}

/* The envelope holds the inner boxes themselves: no grant key is asked for. */
static uint32_t open_by_envelope(struct attack *attack, const struct blob *envelope)
{
    uint32_t opened = 0;
    vpi_recording_bond bond;
    vpi_reader r = vpi_reader_of(envelope->plain, envelope->n_plain);
    (void)vpi_get_bytes(&r, 1 + VPI_VAULT_ID_BYTES + VPI_RECORDING_ID_BYTES);
    (void)vpi_get_bytes(&r, VPI_KEY_BYTES + VPI_HASH_BYTES);
    const size_t n_tag = vpi_get_u16(&r);
    const uint8_t *tag = vpi_get_bytes(&r, n_tag);
    const uint32_t purposes = vpi_get_u32(&r);
    memcpy(bond.vault_id, attack->vault_id, sizeof bond.vault_id);
    memcpy(bond.recording_id, envelope->name, sizeof bond.recording_id);
    vpi_tag_hash(tag, n_tag, bond.tag_hash);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        if (!(purposes >> p & 1))
            continue;
        const uint8_t *inner = vpi_get_bytes(&r, VPI_INNER_BYTES);
        ck_assert(!r.failed);
        if (open_inner(attack, envelope->row, &bond, p, inner))
            opened |= UINT32_C(1) << p;
    }
    return opened;
}

static bool is_about(const struct blob *blob, const uint8_t *recording_id)
{
    return (blob->kind == HEADER || (blob->kind == INGEST && blob->other == VPI_INGEST_COMMIT)) &&
           memcmp(blob->name, recording_id, VPI_RECORDING_ID_BYTES) == 0;
}

uint32_t attack_opens(struct attack *attack, const uint8_t *recording_id)
{
    uint32_t opened = 0;
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *blob = &attack->blobs[i];
        if (!blob->plain || !is_about(blob, recording_id))
            continue;
        opened |=
            blob->kind == HEADER ? open_by_wraps(attack, blob) : open_by_envelope(attack, blob);
    }
    return opened;
}

bool attack_reads(struct attack *attack, const uint8_t *recording_id, const uint8_t *derivative_id)
{
    attack->n_contents = 0;
    (void)attack_opens(attack, recording_id);
    for (size_t i = 0; i < attack->n_contents; i++)
        if (memcmp(attack->contents[i], derivative_id, VPI_DERIVATIVE_ID_BYTES) == 0)
            return true;
    return false;
}

bool attack_saw_keys_of(const struct attack *attack, const uint8_t *recording_id)
{
    for (size_t i = 0; i < attack->n_blobs; i++)
        if (is_about(&attack->blobs[i], recording_id))
            return true;
    return false;
}

static void find_keys(struct attack *attack)
{
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *blob = &attack->blobs[i];
        if (!blob->plain || !is_about(blob, blob->name) || find_of(attack, blob->name))
            continue;
        if (blob->kind == HEADER)
            (void)open_by_wraps(attack, blob);
        else
            (void)open_by_envelope(attack, blob);
    }
}

/* With each recording's key, as its own block and as one that was moved to where it lies. */
static bool opens(const struct attack *attack, const struct blob *block)
{
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    for (size_t i = 0; i < attack->n_finds; i++) {
        const struct find *find = &attack->finds[i];
        vpi_recording_bond moved = find->bond;
        memcpy(moved.recording_id, block->name, sizeof moved.recording_id);
        for (int final = 0; final < 2; final++)
            if (vpi_block_open(&find->keys, &find->bond, (uint64_t)block->other, final,
                    block->bytes, block->n_bytes, plain) == VPRIV_OK ||
                vpi_block_open(&find->keys, &moved, (uint64_t)block->other, final, block->bytes,
                    block->n_bytes, plain) == VPRIV_OK)
                return true;
    }
    return false;
}

void attack_blocks(struct attack *attack, attack_block_fn fn, void *user)
{
    find_keys(attack);
    for (size_t i = 0; i < attack->n_blobs; i++) {
        const struct blob *blob = &attack->blobs[i];
        if (blob->kind != BLOCK)
            continue;
        const struct attack_block block = {
            blob->name, (uint64_t)blob->other, blob->bytes, blob->n_bytes, opens(attack, blob)};
        fn(user, &block);
    }
}
