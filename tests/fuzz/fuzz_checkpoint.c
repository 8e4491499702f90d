/* Checkpoints: as they come, and with the bytes as the text that was signed. */
#include "fuzz/fuzz.h"
#include "log/note.h"
#include <sodium.h>

#define ORIGIN "voicepriv/0011"

static uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];

static void setup(void)
{
    const uint8_t seed[crypto_sign_SEEDBYTES] = "the log of these tries         ";
    const uint8_t root[VPRIV_LOG_HASH_BYTES] = {1};
    vpriv_log_checkpoint checkpoint;
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    fuzz_must(vpi_checkpoint_sign(ORIGIN, 1234, root, secret_key, &checkpoint));
    fuzz_seed_text(checkpoint.text);
    *(strstr(checkpoint.text, "\n\n") + 1) = '\0';
    fuzz_seed_text(checkpoint.text);
    fuzz_seed_text(ORIGIN "\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n");
}

static void read(const char *text, size_t n_bytes)
{
    uint64_t size = 0;
    uint8_t root[VPRIV_LOG_HASH_BYTES];
    size_t n_text = 0;
    vpriv_log_checkpoint again;
    if (n_bytes == 0 ||
        vpriv_log_verify_checkpoint(text, n_bytes, ORIGIN, public_key, &size, root) != VPRIV_OK)
        return;
    fuzz_must(vpi_note_open(text, n_bytes, ORIGIN, public_key, &n_text));
    fuzz_check(n_text < n_bytes && text[n_text - 1] == '\n');
    fuzz_must(vpi_checkpoint_sign(ORIGIN, size, root, secret_key, &again));
    /* Lines of others may follow; the three of a checkpoint have one spelling. */
    const size_t n_own = (size_t)(strstr(again.text, "\n\n") + 1 - again.text);
    fuzz_check(n_text >= n_own && memcmp(text, again.text, n_own) == 0);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static char note[8192];
    size_t n_note = 0;
    read((const char *)data, n_bytes);
    if (vpi_note_sign((const char *)data, n_bytes, ORIGIN, secret_key, note, sizeof note,
            &n_note) == VPRIV_OK) {
        size_t n_text = 0;
        fuzz_check(n_note < sizeof note && note[n_note] == '\0');
        fuzz_must(vpi_note_open(note, n_note, ORIGIN, public_key, &n_text));
        fuzz_check_same(data, n_bytes, note, n_text);
        read(note, n_note);
    }
}

const fuzz_target fuzz_checkpoint = {"checkpoint", setup, one, 4096, 0};
