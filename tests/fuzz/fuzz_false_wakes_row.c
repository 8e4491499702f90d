/* The counts of false wakes, behind their seal. */
#include "fuzz/home.h"
#include "vault/false_wakes.h"

static uint8_t tag[VPI_TAG_BYTES];
static const home_rows rows = {
    .column = VPI_COLUMN_POLICY, .extra = tag, .n_extra_bytes = sizeof tag};

static void setup(void)
{
    bool closed = false;
    home_open();
    vpi_blind_tag(fuzz_home.vault->secrets->policy_key, "policy: false wakes", NULL, 0, tag);
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    fuzz_must(vpi_vault_begin(fuzz_home.vault));
    home_watch(rows);
    for (int i = 0; i < 3; i++) {
        fuzz_must(vpi_false_wakes_add(fuzz_home.vault, VPRIV_TRIGGER_WAKE_WORD, 2, &closed));
        home_seed_seen();
    }
    fuzz_must(vpi_vault_commit(fuzz_home.vault));
    vpi_vault_leave(fuzz_home.vault);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static vpi_day_count counts[VPI_DAY_COUNTS_MAX];
    uint32_t n = 0;
    size_t n_written = 0;
    bool closed = false, due = false;
    home_swap(rows, data, n_bytes);
    const vpriv_status st = vpi_false_wakes_read(fuzz_home.vault, counts, &n);
    fuzz_check(home_n_swapped() == 1 && n <= VPI_DAY_COUNTS_MAX);
    (void)vpi_false_wakes_closed(fuzz_home.vault, &closed);
    home_swap_end();
    home_begin();
    home_swap(rows, data, n_bytes);
    (void)vpi_false_wakes_are_due(fuzz_home.vault, &due);
    home_watch(rows);
    const vpriv_status added =
        vpi_false_wakes_add(fuzz_home.vault, VPRIV_TRIGGER_WAKE_WORD, 20, &closed);
    (void)home_seen(&n_written);
    fuzz_check(st != VPRIV_OK || added == VPRIV_OK);
    fuzz_check(st != VPRIV_OK || n_written == n_bytes);
    (void)vpi_false_wakes_log(fuzz_home.vault);
    home_swap_end();
    home_undo();
}

const fuzz_target fuzz_false_wakes_row = {"false_wakes_row", setup, one, 1200, 0};
