#include "passing.h"
#include "base/clock.h"

int64_t ran_us;
uint8_t which_start;
bool is_start_told;
int64_t __wrap_vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out);
int64_t __wrap_vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out)
{
    *is_told_out = is_start_told;
    memset(boot_id_out, which_start, VPI_BOOT_ID_BYTES);
    return ran_us;
}

household h;

void set_up(void)
{
    ran_us = HOUR_US;
    which_start = 1;
    is_start_told = true;
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
}

void tear_down(void)
{
    household_close(&h);
}

void pass(int64_t us)
{
    household_pass(&h, us);
    ran_us += us;
}

vpriv_retention_report run_for(uint32_t most_ms)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    ck_ok(vpriv_retention_run(h.vault, most_ms, &report));
    return report;
}

vpriv_retention_report run(void)
{
    vpriv_retention_report all = {.is_done = false};
    while (!all.is_done) {
        const vpriv_retention_report one = run_for(1000);
        const uint64_t n_expired = all.n_expired, n_narrowed = all.n_narrowed;
        all = one;
        all.n_expired += n_expired;
        all.n_narrowed += n_narrowed;
    }
    return all;
}

int64_t n_kept(void)
{
    return household_count(&h, "SELECT count(*) FROM recording WHERE state IN (2, 3)");
}

vpriv_recording_info about(const vpriv_recording_id *id)
{
    vpriv_recording_info info;
    ck_ok(vpriv_recording_about(h.vault, id, &info));
    return info;
}

void give_for(const uint8_t *subject, vpriv_purpose purpose, const char *retention)
{
    ck_ok(household_give_with(
        &h, subject, purpose, (vpriv_consent_evidence){.retention = retention}));
}
