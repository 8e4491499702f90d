/* A jurisdiction profile as it is kept, behind its seal, the hash in the head, and its signature: once as
 * the whole row, once as a document that the authority did sign. */
#include "fuzz/home.h"
#include "vault/places.h"
#include "vault/profile_store.h"
#include <sodium.h>

static const home_rows rows = {.column = VPI_COLUMN_JURISDICTION};
static vpi_policy_head head;
#define FRONT_BYTES (VPRIV_AUTHORITY_SIGNATURE_BYTES + 4)

static void setup(void)
{
    size_t n = 0;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    fuzz_must(vpi_policy_read_head(fuzz_home.vault, &head));
    home_watch(rows);
    fuzz_must(vpi_profiles_check(fuzz_home.vault, &head));
    home_seed_seen();
    const uint8_t *row = home_seen(&n);
    fuzz_seed(row + FRONT_BYTES, n - FRONT_BYTES);
    vpi_vault_leave(fuzz_home.vault);
}

static size_t in_force(const uint8_t *plain, size_t n_bytes)
{
    crypto_hash_sha256_state state;
    uint8_t front[12];
    vpi_profile *profiles = NULL;
    size_t n = 0;
    vpi_writer w = vpi_writer_of(front, sizeof front);
    vpi_put_i64(&w, 1);
    vpi_put_u32(&w, (uint32_t)n_bytes);
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, front, sizeof front);
    crypto_hash_sha256_update(&state, plain, n_bytes);
    crypto_hash_sha256_final(&state, head.profiles_hash);
    home_swap(rows, plain, n_bytes);
    fuzz_must(vpi_profiles_in_force(fuzz_home.vault, &head, &profiles, &n));
    fuzz_check(home_n_swapped() > 0);
    home_swap_end();
    free(profiles);
    return n;
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static uint8_t plain[8192 + FRONT_BYTES];
    static vpi_profile profile;
    const char *json = (const char *)data;
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    (void)in_force(data, n_bytes);
    if (n_bytes > 0 && vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, json, n_bytes,
                           fuzz_home.authority_seed, plain) == VPRIV_OK) {
        vpi_writer w = vpi_writer_of(plain, sizeof plain);
        w.at += VPRIV_AUTHORITY_SIGNATURE_BYTES;
        vpi_put_u32(&w, (uint32_t)n_bytes);
        vpi_put_bytes(&w, data, n_bytes);
        fuzz_must(vpi_writer_finish(&w, "row"));
        const bool is_profile = vpi_profile_parse(json, n_bytes, &profile) == VPRIV_OK;
        fuzz_check(in_force(plain, vpi_writer_used(&w)) == (is_profile ? 1 : 0));
    }
    vpi_vault_leave(fuzz_home.vault);
}

const fuzz_target fuzz_profile_row = {"profile_row", setup, one, 8192, 600};
