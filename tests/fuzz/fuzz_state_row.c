/* The rows of table state, behind their seal: settings, the log's head, the clock, trusted surfaces. */
#include "fuzz/home.h"
#include "vault/clock_guard.h"
#include "vault/event_store.h"
#include "vault/log_store.h"
#include "vault/settings.h"

static home_rows row_of(uint64_t row)
{
    return (home_rows){.column = VPI_COLUMN_STATE, .row = row};
}

static void setup(void)
{
    vpi_surfaces surfaces;
    vpi_log_head head;
    bool held = false;
    int64_t until_us = 0;
    home_open();
    home_begin();
    home_watch(row_of(VPI_STATE_SETTINGS));
    fuzz_must(vpi_settings_load(fuzz_home.vault));
    home_seed_seen();
    home_watch(row_of(VPI_STATE_LOG));
    fuzz_must(vpi_log_head_read(fuzz_home.vault, &head));
    home_seed_seen();
    home_watch(row_of(VPI_STATE_CLOCK));
    fuzz_must(vpi_clock_guard(fuzz_home.vault, &held, &until_us));
    home_seed_seen();
    home_watch(row_of(VPI_STATE_SURFACES));
    fuzz_must(vpi_surfaces_load(fuzz_home.vault, &surfaces));
    home_seed_seen();
    home_undo();
}

static void try_settings(const uint8_t *data, size_t n_bytes)
{
    size_t n = 0;
    const vpi_settings kept = fuzz_home.vault->settings;
    home_swap(row_of(VPI_STATE_SETTINGS), data, n_bytes);
    const vpriv_status st = vpi_settings_load(fuzz_home.vault);
    fuzz_check(home_n_swapped() == 1);
    home_swap_end();
    if (st == VPRIV_OK) {
        home_watch(row_of(VPI_STATE_SETTINGS));
        fuzz_must(vpi_settings_store(fuzz_home.vault));
        const uint8_t *again = home_seen(&n);
        fuzz_check_same(data, n_bytes, again, n);
    } else {
        fuzz_check(st == VPRIV_E_AUTH);
    }
    fuzz_home.vault->settings = kept;
}

static void try_log_head(const uint8_t *data, size_t n_bytes)
{
    vpi_log_head head;
    uint8_t again[64];
    home_swap(row_of(VPI_STATE_LOG), data, n_bytes);
    const vpriv_status st = vpi_log_head_read(fuzz_home.vault, &head);
    (void)vpi_log_head_check(fuzz_home.vault);
    home_swap_end();
    if (st != VPRIV_OK)
        return;
    vpi_writer w = vpi_writer_of(again, sizeof again);
    vpi_put_u64(&w, head.size);
    vpi_put_bytes(&w, head.root, sizeof head.root);
    vpi_put_i64(&w, head.clock_us);
    fuzz_check_same(data, n_bytes, again, vpi_writer_used(&w));
}

static void try_clock(const uint8_t *data, size_t n_bytes)
{
    bool held = false;
    int64_t until_us = 0;
    size_t n = 0;
    home_swap(row_of(VPI_STATE_CLOCK), data, n_bytes);
    home_watch(row_of(VPI_STATE_CLOCK));
    const vpriv_status st = vpi_clock_guard(fuzz_home.vault, &held, &until_us);
    (void)home_seen(&n);
    fuzz_check(st != VPRIV_OK || n == n_bytes);
    home_swap_end();
}

static void try_surfaces(const uint8_t *data, size_t n_bytes)
{
    vpi_surfaces surfaces;
    uint8_t again[1200];
    home_swap(row_of(VPI_STATE_SURFACES), data, n_bytes);
    const vpriv_status st = vpi_surfaces_load(fuzz_home.vault, &surfaces);
    home_swap_end();
    if (st != VPRIV_OK)
        return;
    vpi_writer w = vpi_writer_of(again, sizeof again);
    vpi_put_u8(&w, (uint8_t)surfaces.n);
    for (uint32_t i = 0; i < surfaces.n; i++) {
        vpi_put_text(&w, surfaces.list[i].name);
        vpi_put_bytes(&w, surfaces.list[i].public_key, VPRIV_SURFACE_PUBLIC_KEY_BYTES);
    }
    fuzz_check_same(data, n_bytes, again, vpi_writer_used(&w));
}

static void one(const uint8_t *data, size_t n_bytes)
{
    const vpi_clock clock = fuzz_home.vault->clock;
    home_begin();
    try_settings(data, n_bytes);
    try_log_head(data, n_bytes);
    try_clock(data, n_bytes);
    try_surfaces(data, n_bytes);
    home_undo();
    fuzz_check(fuzz_home.vault->clock.seen_us < VPI_YEAR_2401_US);
    fuzz_home.vault->clock = clock;
}

const fuzz_target fuzz_state_row = {"state_row", setup, one, 1024, 0};
