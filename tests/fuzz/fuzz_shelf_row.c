/* The shelf of a recording, behind its seal: what its derivatives are and how they open. */
#include "fuzz/home.h"
#include "vault/shelf.h"

static const home_rows rows = {.column = VPI_COLUMN_SHELF};
static vpi_recording recording;
static vpi_shelf shelf, again;
static vpi_shelf_entry entry;

static void setup(void)
{
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    fuzz_must(vpi_recording_load(fuzz_home.vault, fuzz_home.row, &recording));
    home_watch(rows);
    fuzz_must(vpi_shelf_load(fuzz_home.vault, &recording, fuzz_home.shred_key, &shelf));
    home_seed_seen();
    vpi_vault_leave(fuzz_home.vault);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    size_t at = 0;
    vpriv_status st = VPRIV_OK;
    if (n_bytes)
        memcpy(shelf.bytes, data, n_bytes);
    shelf.n_bytes = n_bytes;
    again.n_bytes = 0;
    while ((st = vpi_shelf_next(&shelf, &at, &entry)) == VPRIV_OK) {
        vpriv_derivative_info info = {.struct_size = sizeof info};
        fuzz_check(at <= n_bytes);
        vpi_shelf_describe(&recording, &entry, &info);
        fuzz_must(vpi_shelf_put(&again, &entry));
    }
    fuzz_check(st == VPRIV_E_NOT_FOUND || st == VPRIV_E_AUTH);
    if (st == VPRIV_E_NOT_FOUND)
        fuzz_check_same(data, n_bytes, again.bytes, again.n_bytes);
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_swap(rows, data, n_bytes);
    const vpriv_status loaded =
        vpi_shelf_load(fuzz_home.vault, &recording, fuzz_home.shred_key, &shelf);
    fuzz_check(home_n_swapped() == 1 && (loaded == VPRIV_OK || loaded == VPRIV_E_AUTH));
    fuzz_check(loaded != VPRIV_OK || st == VPRIV_E_NOT_FOUND);
    home_swap_end();
    vpi_vault_leave(fuzz_home.vault);
}

const fuzz_target fuzz_shelf_row = {"shelf_row", setup, one, 8192, 0};
