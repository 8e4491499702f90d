/* An entry of the log. */
#include "fuzz/fuzz.h"
#include "log/leaf.h"

static void setup(void)
{
    uint8_t bytes[VPI_LOG_ENTRY_BYTES_MAX];
    size_t n = 0;
    vpriv_log_entry entry = {.struct_size = sizeof entry,
        .kind = VPRIV_LOG_ACCESS_GRANTED,
        .time_us = INT64_C(1800000000000000),
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .actor = "reviewer 7",
        .reason = "a complaint",
        .recipient = "acme",
        .recording = {1},
        .subject = {2},
        .consent_record = {3}};
    fuzz_must(vpi_log_entry_encode(&entry, bytes, sizeof bytes, &n));
    fuzz_seed(bytes, n);
    entry = (vpriv_log_entry){.struct_size = sizeof entry,
        .kind = VPRIV_LOG_VAULT_CREATED,
        .time_us = INT64_C(1800000000000000),
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .actor = "owner"};
    fuzz_must(vpi_log_entry_encode(&entry, bytes, sizeof bytes, &n));
    fuzz_seed(bytes, n);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t again[VPI_LOG_ENTRY_BYTES_MAX];
    size_t n = 0;
    vpriv_log_entry entry;
    if (vpi_log_entry_decode(data, n_bytes, &entry) != VPRIV_OK)
        return;
    fuzz_must(vpi_log_entry_encode(&entry, again, sizeof again, &n));
    fuzz_check_same(data, n_bytes, again, n);
}

const fuzz_target fuzz_log_entry = {"log_entry", setup, one, VPI_LOG_ENTRY_BYTES_MAX + 64, 0};
