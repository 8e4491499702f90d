/* The header of a recording, behind its seal. */
#include "fuzz/home.h"

static void setup(void)
{
    static vpi_recording recording;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch((home_rows){.column = VPI_COLUMN_RECORDING_HEADER});
    fuzz_must(vpi_recording_load(fuzz_home.vault, fuzz_home.row, &recording));
    home_seed_seen();
    vpi_vault_leave(fuzz_home.vault);
    home_begin();
    recording.purpose_expires_us[2] = HOME_NOW_US;
    recording.purpose_expires_us[9] = HOME_NOW_US + 5;
    recording.restriction = VPRIV_RESTRICTION_LEGAL_HOLD;
    fuzz_must(vpi_recording_store(fuzz_home.vault, &recording, fuzz_home.shred_key));
    home_seed_seen();
    home_undo();
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static vpi_recording recording;
    vpriv_recording_info info = {.struct_size = sizeof info};
    const home_rows rows = {.column = VPI_COLUMN_RECORDING_HEADER, .row = (uint64_t)fuzz_home.row};
    size_t n = 0;
    home_begin();
    home_swap(rows, data, n_bytes);
    const vpriv_status st = vpi_recording_load(fuzz_home.vault, fuzz_home.row, &recording);
    fuzz_check(home_n_swapped() == 1);
    home_swap_end();
    if (st == VPRIV_OK) {
        vpi_recording_describe(&recording, &info);
        fuzz_check(recording.n_tag_bytes <= sizeof recording.tag_bytes);
        home_watch(rows);
        fuzz_must(vpi_recording_store(fuzz_home.vault, &recording, fuzz_home.shred_key));
        const uint8_t *again = home_seen(&n);
        fuzz_check_same(data, n_bytes, again, n);
    } else {
        fuzz_check(st == VPRIV_E_AUTH);
    }
    home_undo();
}

const fuzz_target fuzz_header_row = {"header_row", setup, one, 9000, 0};
