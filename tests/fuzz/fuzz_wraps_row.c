/* The wraps of a recording, behind their seal. */
#include "fuzz/home.h"

static const home_rows rows = {.column = VPI_COLUMN_WRAPS};

static void setup(void)
{
    static vpi_wraps wraps;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(rows);
    fuzz_must(vpi_wraps_load(fuzz_home.vault, fuzz_home.row, fuzz_home.shred_key, &wraps));
    home_seed_seen();
    vpi_vault_leave(fuzz_home.vault);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static vpi_wraps wraps;
    size_t n = 0;
    home_begin();
    home_swap(rows, data, n_bytes);
    const vpriv_status st =
        vpi_wraps_load(fuzz_home.vault, fuzz_home.row, fuzz_home.shred_key, &wraps);
    fuzz_check(home_n_swapped() == 1);
    home_swap_end();
    if (st == VPRIV_OK) {
        home_watch(rows);
        fuzz_must(vpi_wraps_store(fuzz_home.vault, fuzz_home.row, fuzz_home.shred_key, &wraps));
        const uint8_t *again = home_seen(&n);
        fuzz_check_same(data, n_bytes, again, n);
    } else {
        fuzz_check(st == VPRIV_E_AUTH);
    }
    home_undo();
}

const fuzz_target fuzz_wraps_row = {"wraps_row", setup, one, 6000, 0};
