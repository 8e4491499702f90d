/* Sealed rows, padded rows, derivation. */
#include "keys/seal.h"
#include "vectors.h"
#include <sodium.h>
#include <string.h>

typedef struct row_case {
    uint8_t key[VPI_KEY_BYTES];
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    uint8_t extra[8];
    vpi_place place;
    uint8_t plain[1024];
    size_t n_plain;
    uint8_t sealed[2048];
    size_t n_sealed;
} row_case;

static void make(row_case *c, size_t n_plain)
{
    vpi_random(c->key, sizeof c->key);
    vpi_random(c->vault_id, sizeof c->vault_id);
    vpi_random(c->extra, sizeof c->extra);
    vpi_random(c->plain, sizeof c->plain);
    c->place = (vpi_place){
        c->vault_id, VPI_COLUMN_SUBJECT_REFERENCE, UINT64_C(0x0102030405060708), c->extra, 8};
    c->n_plain = n_plain;
}

static void put(vectors *v, const row_case *c)
{
    vectors_hex(v, "key", c->key, sizeof c->key);
    vectors_hex(v, "vault_id", c->vault_id, sizeof c->vault_id);
    vectors_number(v, "column", c->place.column);
    vectors_number(v, "row", c->place.row);
    vectors_hex(v, "extra", c->extra, c->place.n_extra_bytes);
    vectors_hex(v, "plain", c->plain, c->n_plain);
    vectors_hex(v, "sealed", c->sealed, c->n_sealed);
}

static void try_plain(vectors *v, const char *name, vpriv_status expected, const row_case *c)
{
    uint8_t plain[2048];
    vpriv_status got = vpi_unseal(c->key, &c->place, c->sealed, c->n_sealed, plain);
    if (got == VPRIV_OK && memcmp(plain, c->plain, c->n_plain) != 0)
        got = VPRIV_E_INTERNAL;
    vectors_case(v, name, expected, got);
    put(v, c);
}

static void sealed_rows(vectors *v)
{
    static row_case good, bad;
    vectors_open(
        v, "sealed-row", "Sealed rows: a row opens with its key, in its place, unchanged.");
    make(&good, 40);
    vpi_seal(good.key, &good.place, good.plain, good.n_plain, good.sealed);
    good.n_sealed = good.n_plain + VPI_SEAL_OVERHEAD;
    try_plain(v, "ok", VPRIV_OK, &good);
    static const struct {
        const char *name;
        size_t at; /* byte of the whole case that is changed */
    } faults[] = {{"suite", offsetof(row_case, sealed)}, {"nonce", offsetof(row_case, sealed) + 1},
        {"ciphertext", offsetof(row_case, sealed) + 25}, {"tag", offsetof(row_case, sealed) + 80},
        {"another key", offsetof(row_case, key) + 31},
        {"another vault", offsetof(row_case, vault_id) + 15},
        {"another extra", offsetof(row_case, extra)}};
    for (size_t i = 0; i < N_OF(faults); i++) {
        bad = good;
        bad.place.vault_id = bad.vault_id;
        bad.place.extra = bad.extra;
        ((uint8_t *)&bad)[faults[i].at] ^= 4;
        try_plain(v, faults[i].name, VPRIV_E_AUTH, &bad);
    }
    bad = good;
    bad.place.column = VPI_COLUMN_SUBJECT_PERSON;
    try_plain(v, "another column", VPRIV_E_AUTH, &bad);
    bad = good;
    bad.place.row++;
    try_plain(v, "another row", VPRIV_E_AUTH, &bad);
    bad = good;
    bad.place.n_extra_bytes--;
    try_plain(v, "less extra", VPRIV_E_AUTH, &bad);
    bad = good;
    bad.n_sealed--;
    try_plain(v, "cut", VPRIV_E_AUTH, &bad);
    bad = good;
    bad.n_sealed++;
    try_plain(v, "a byte more", VPRIV_E_AUTH, &bad);
    bad = good;
    bad.n_sealed = VPI_SEAL_OVERHEAD - 1;
    try_plain(v, "too short", VPRIV_E_AUTH, &bad);
    vectors_close(v);
}

static void try_padded(vectors *v, const char *name, vpriv_status expected, const row_case *c)
{
    uint8_t plain[2048];
    size_t n = 0;
    vpriv_status got =
        vpi_unseal_padded(c->key, &c->place, c->sealed, c->n_sealed, plain, sizeof plain, &n);
    if (got == VPRIV_OK && (n != c->n_plain || memcmp(plain, c->plain, n) != 0))
        got = VPRIV_E_INTERNAL;
    vectors_case(v, name, expected, got);
    put(v, c);
}

/* Seals `body` as it is: paddings that no writer makes. */
static void try_body(vectors *v, const char *name, row_case *c, const uint8_t *body, size_t n_bytes)
{
    vpi_seal(c->key, &c->place, body, n_bytes, c->sealed);
    c->n_sealed = n_bytes + VPI_SEAL_OVERHEAD;
    c->n_plain = 0;
    try_padded(v, name, VPRIV_E_AUTH, c);
}

static void padded_rows(vectors *v)
{
    static row_case c;
    static const size_t sizes[] = {0, 1, 252, 253, 600};
    vectors_open(v, "padded-row", "Padded rows: length, bytes, zeros to 256.");
    for (size_t i = 0; i < N_OF(sizes); i++) {
        char name[32];
        make(&c, sizes[i]);
        snprintf(name, sizeof name, "%zu bytes", sizes[i]);
        vectors_must(vpi_seal_padded(c.key, &c.place, c.plain, c.n_plain, c.sealed, sizeof c.sealed,
                         &c.n_sealed),
            name);
        try_padded(v, name, VPRIV_OK, &c);
    }
    uint8_t body[256] = {253};
    try_body(v, "length beyond the end", &c, body, sizeof body);
    body[0] = 255;
    body[1] = body[2] = body[3] = 255;
    try_body(v, "the greatest length", &c, body, sizeof body);
    memset(body, 0, sizeof body);
    body[255] = 1;
    try_body(v, "last byte of the padding", &c, body, sizeof body);
    body[255] = 0;
    body[4] = 1;
    try_body(v, "first byte of the padding", &c, body, sizeof body);
    try_body(v, "no room for the length", &c, body, 3);
    vectors_close(v);
}

static void derivation(vectors *v)
{
    static const char *const labels[] = {"root: key tree", "root: next root", "root: head",
        "subject", "subject: person", "subject: recordings", "consent: record", "consent: current",
        "notice: series", "notice: version", "policy: subject", "recording: block key",
        "recording: block nonce", "recording: commitment", "recording: wraps", "recording: header",
        "log: payload", "log: key commitment", "log: recording"};
    vectors_open(v, "derive", "derive(key, label, data) for every label of the format.");
    for (size_t i = 0; i < N_OF(labels); i++) {
        uint8_t key[VPI_KEY_BYTES], data[64], result[VPI_KEY_BYTES];
        const size_t n_data = i % 3 * 32;
        vpi_random(key, sizeof key);
        vpi_random(data, sizeof data);
        vpi_derive(key, labels[i], data, n_data, result);
        vectors_case(v, labels[i], VPRIV_OK, VPRIV_OK);
        vectors_text(v, "label", labels[i]);
        vectors_hex(v, "key", key, sizeof key);
        vectors_hex(v, "data", data, n_data);
        vectors_hex(v, "result", result, sizeof result);
    }
    vectors_close(v);
}

void vectors_rows(vectors *v)
{
    vectors_randomness(1);
    sealed_rows(v);
    padded_rows(v);
    derivation(v);
}
