#include "vault/clock_guard.h"
#include "base/bytes.h"
#include "base/try.h"
#include "consent/text.h"
#include <string.h>

#define US_PER_DAY INT64_C(86400000000)
#define ROW_BYTES  (8 + 8 + VPI_BOOT_ID_BYTES + 1 + 8)

typedef struct guard {
    int64_t seen_us;    /* the vault's time at the last look */
    int64_t running_us; /* and how long the machine had run then, */
    uint8_t boot_id[VPI_BOOT_ID_BYTES];
    bool is_held;
    int64_t ran_us; /* with the time that is not believed yet */
} guard;

static vpriv_status store(vpriv_vault *vault, const guard *g)
{
    uint8_t plain[ROW_BYTES];
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_i64(&w, g->seen_us);
    vpi_put_i64(&w, g->running_us);
    vpi_put_bytes(&w, g->boot_id, sizeof g->boot_id);
    vpi_put_u8(&w, g->is_held);
    vpi_put_i64(&w, g->ran_us);
    const vpriv_status st = vpi_writer_finish(&w, "clock");
    return st == VPRIV_OK ? vpi_state_write(vault, VPI_STATE_CLOCK, plain, sizeof plain) : st;
}

/* What can be counted with and does not overflow. */
static bool is_span(int64_t us)
{
    return us == 0 || vpi_time_is_plausible(us);
}

static vpriv_status load(vpriv_vault *vault, guard *guard_out)
{
    uint8_t plain[VPI_PADDED_SEAL_BYTES(ROW_BYTES)];
    size_t n_bytes = 0;
    const vpriv_status st = vpi_state_read(vault, VPI_STATE_CLOCK, plain, sizeof plain, &n_bytes);
    if (st != VPRIV_OK)
        return st;
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    guard_out->seen_us = vpi_get_i64(&r);
    guard_out->running_us = vpi_get_i64(&r);
    vpi_get_copy(&r, guard_out->boot_id, sizeof guard_out->boot_id);
    guard_out->is_held = vpi_get_flag(&r);
    guard_out->ran_us = vpi_get_i64(&r);
    const bool is_possible =
        is_span(guard_out->seen_us) && is_span(guard_out->running_us) && is_span(guard_out->ran_us);
    return vpi_reader_finish(&r, "clock") == VPRIV_OK && is_possible ? VPRIV_OK : vpi_auth_failed();
}

/* How long the machine has certainly run since the last look: of another start, all that it ran. */
static int64_t ran_since(
    const guard *g, const uint8_t boot_id[VPI_BOOT_ID_BYTES], bool is_told, int64_t running_us)
{
    if (!is_told)
        return 0;
    if (memcmp(boot_id, g->boot_id, VPI_BOOT_ID_BYTES) != 0)
        return running_us;
    return running_us > g->running_us ? running_us - g->running_us : 0;
}

/* A day of running is a day with the time in question only while that time goes on: once a clock that was
 * ahead is right again, the vault's stands, and its running proves nothing. */
vpriv_status vpi_clock_guard(vpriv_vault *vault, bool *held_out, int64_t *until_us_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    guard g;
    uint8_t boot_id[VPI_BOOT_ID_BYTES];
    bool is_told = false;
    const int64_t now_us = vpi_vault_now_us(vault), running_us = vpi_running_us(boot_id, &is_told);
    VPI_TRY(load(vault, &g));
    const int64_t ran_us = ran_since(&g, boot_id, is_told, running_us);
    const int64_t passed_us = now_us > g.seen_us ? now_us - g.seen_us : 0;
    if (passed_us - ran_us > US_PER_DAY) {
        g.is_held = true;
        g.ran_us = 0;
    } else if (g.is_held) {
        g.ran_us += ran_us < passed_us ? ran_us : passed_us;
        g.is_held = g.ran_us < US_PER_DAY;
    }
    g.seen_us += passed_us;
    g.running_us = running_us;
    memcpy(g.boot_id, boot_id, sizeof boot_id);
    VPI_TRY(store(vault, &g));
    *held_out = g.is_held;
    *until_us_out = g.seen_us + US_PER_DAY - g.ran_us;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_clock_trust(vpriv_vault *vault)
{
    bool is_told = false;
    guard g = {.seen_us = vpi_vault_now_us(vault)};
    g.running_us = vpi_running_us(g.boot_id, &is_told);
    return store(vault, &g);
}
