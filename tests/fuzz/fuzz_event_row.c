/* A consent event as it is kept, behind its seal; and lines that a trusted surface signed, on their way in. */
#include "fuzz/home.h"
#include "vault/event_store.h"

static const home_rows rows = {.column = VPI_COLUMN_CONSENT_EVENT};

static void setup(void)
{
    vpi_events events;
    size_t n = 0;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(rows);
    fuzz_must(vpi_events_load(fuzz_home.vault, &fuzz_home.ada, &events));
    home_seed_seen();
    free(events.events);
    (void)home_seen(&n);
    fuzz_check(n > 0);
    vpi_vault_leave(fuzz_home.vault);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpi_events events = {.events = NULL};
    vpriv_sync_result result = {.struct_size = sizeof result};
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_swap(rows, data, n_bytes);
    const vpriv_status st = vpi_events_load(fuzz_home.vault, &fuzz_home.ada, &events);
    fuzz_check(home_n_swapped() > 0);
    home_swap_end();
    if (st == VPRIV_OK)
        for (size_t i = 0; i < events.n; i++)
            fuzz_check(events.events[i].said.sequence > 0);
    free(events.events);
    vpi_vault_leave(fuzz_home.vault);
    if (n_bytes > 0)
        fuzz_check(vpriv_consent_sync(fuzz_home.vault, (const char *)data, n_bytes, NULL, NULL,
                       &result) != VPRIV_E_INTERNAL);
}

const fuzz_target fuzz_event_row = {"event_row", setup, one, VPRIV_SURFACE_LINE_BYTES, 0};
