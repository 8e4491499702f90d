/* A consent as it is kept, behind its seal: the slot of its grant key, and the record. */
#include "consent/record.h"
#include "fuzz/home.h"
#include "vault/consent_store.h"

static const home_rows rows = {.column = VPI_COLUMN_CONSENT_RECORD};
static vpriv_consent_record record;

static void setup(void)
{
    int64_t row = 0;
    uint64_t slot = 0;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(rows);
    for (int i = 0; i < 3; i++) {
        fuzz_must(vpi_consent_next_row(fuzz_home.vault, fuzz_home.ada.row, &row, &record, &slot));
        home_seed_seen();
    }
    vpi_vault_leave(fuzz_home.vault);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t again[8 + VPI_CONSENT_RECORD_BYTES_MAX], key[VPI_KEY_BYTES];
    uint8_t id[VPRIV_CONSENT_RECORD_ID_BYTES];
    int64_t row = 0;
    uint64_t slot = 0;
    size_t n = 0;
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_swap(rows, data, n_bytes);
    const vpriv_status st =
        vpi_consent_next_row(fuzz_home.vault, fuzz_home.ada.row, &row, &record, &slot);
    fuzz_check(home_n_swapped() == 1 && st != VPRIV_E_NOT_FOUND);
    if (st == VPRIV_OK) {
        vpi_writer w = vpi_writer_of(again, 8);
        vpi_put_u64(&w, slot);
        fuzz_must(vpi_consent_record_encode(&record, again + 8, sizeof again - 8, &n));
        fuzz_check_same(data, n_bytes, again, 8 + n);
    }
    const vpriv_status opened = vpi_consent_grant_key(
        fuzz_home.vault, fuzz_home.ada.row, VPRIV_PURPOSE_KEEP_HISTORY, id, key);
    fuzz_check(opened != VPRIV_OK || st == VPRIV_OK);
    home_swap_end();
    vpi_vault_leave(fuzz_home.vault);
}

const fuzz_target fuzz_consent_row = {
    "consent_row", setup, one, 8 + VPI_CONSENT_RECORD_BYTES_MAX, 0};
