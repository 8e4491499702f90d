/* Rows of the log, behind their seals: what an entry says, and whose keys it is under. */
#include "fuzz/home.h"
#include "vault/log_store.h"

static const home_rows owners_rows = {
    .column = VPI_COLUMN_LOG_PAYLOAD, .extra = (const uint8_t *)"o", .n_extra_bytes = 1};
static const home_rows any = {.column = VPI_COLUMN_LOG_PAYLOAD};
static uint64_t about_ada;

static void setup(void)
{
    vpriv_log_entry entry;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    for (uint64_t i = 0; i < 6; i++) {
        home_watch(any);
        fuzz_must(vpi_log_read(fuzz_home.vault, i, &entry));
        home_seed_seen();
        if (entry.kind == VPRIV_LOG_CONSENT_EVENT) {
            about_ada = i;
            home_watch(owners_rows);
            fuzz_must(vpi_log_read(fuzz_home.vault, i, &entry));
            home_seed_seen();
        }
    }
    vpi_vault_leave(fuzz_home.vault);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t again[VPI_LOG_ENTRY_BYTES_MAX];
    size_t n = 0;
    vpriv_log_entry entry;
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_swap(owners_rows, data, n_bytes);
    /* Behind the owners there is nothing. */
    if (vpi_log_read(fuzz_home.vault, about_ada, &entry) == VPRIV_OK && n_bytes > 0)
        for (size_t i = 1 + data[0] * (size_t)8; i < n_bytes && i < 1 + VPI_SUBJECTS_MAX * 8; i++)
            fuzz_check(data[i] == 0);
    fuzz_check(home_n_swapped() == 1);
    /* Owners open first; then the entry alone is another. */
    home_swap_end();
    home_swap((home_rows){.column = VPI_COLUMN_LOG_PAYLOAD,
                  .row = about_ada,
                  .extra = (const uint8_t *)"",
                  .n_extra_bytes = 0},
        data, n_bytes);
    if (vpi_log_read(fuzz_home.vault, about_ada, &entry) == VPRIV_OK)
        fuzz_must(vpi_log_entry_encode(&entry, again, sizeof again, &n));
    home_swap_end();
    vpi_vault_leave(fuzz_home.vault);
}

const fuzz_target fuzz_log_row = {"log_row", setup, one, VPI_LOG_ENTRY_BYTES_MAX, 0};
