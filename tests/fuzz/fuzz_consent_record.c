/* Consent records. */
#include "consent/record.h"
#include "fuzz/fuzz.h"

static void setup(void)
{
    static vpriv_consent_record record;
    uint8_t bytes[VPI_CONSENT_RECORD_BYTES_MAX];
    size_t n = 0;
    record = (vpriv_consent_record){.struct_size = sizeof record,
        .record_id = {0, 0, 0, 0, 0, 0, 0x40, 0, 0x80},
        .subject = {5},
        .subject_class = VPRIV_SUBJECT_USER,
        .controller_id = "acme",
        .n_parties = 1,
        .parties = {{"acme", "Acme", "DE", "privacy@acme.example", VPRIV_PARTY_CONTROLLER}},
        .n_recipients = 1,
        .recipients = {"acme"},
        .n_jurisdictions = 1,
        .jurisdictions = {"DE"},
        .n_laws = 1,
        .laws = {"https://example.org/law"},
        .notice = {.id = "review", .version = "1", .language = "de", .sha256 = {4}},
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .legal_basis = VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT,
        .operations = VPRIV_PROCESSING_RECORD | VPRIV_PROCESSING_LISTEN,
        .human_involvement = VPRIV_HUMAN_INVOLVED,
        .storage_device = "speaker",
        .storage_country = "DE",
        .retention = "P3M",
        .withdrawal = "Say: forget me.",
        .event = {.state = VPRIV_CONSENT_GIVEN,
            .by = VPRIV_CONSENT_BY_PERSON,
            .method = VPRIV_CONSENT_METHOD_VOICE,
            .time_us = INT64_C(1800000000000000),
            .surface_sequence = 3,
            .surface = "app"},
        .max_sample_ppm = 2000};
    fuzz_must(vpi_consent_record_encode(&record, bytes, sizeof bytes, &n));
    fuzz_seed(bytes, n);
    record.n_laws = record.n_recipients = 0;
    fuzz_must(vpi_consent_record_encode(&record, bytes, sizeof bytes, &n));
    fuzz_seed(bytes, n);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static vpriv_consent_record record;
    uint8_t again[VPI_CONSENT_RECORD_BYTES_MAX];
    size_t n = 0;
    if (vpi_consent_record_decode(data, n_bytes, &record) != VPRIV_OK)
        return;
    fuzz_must(vpi_consent_record_encode(&record, again, sizeof again, &n));
    fuzz_check_same(data, n_bytes, again, n);
}

const fuzz_target fuzz_consent_record = {
    "consent_record", setup, one, VPI_CONSENT_RECORD_BYTES_MAX + 300, 0};
