/* A recording's tag. */
#include "fuzz/fuzz.h"
#include "vault/tag.h"

static void setup(void)
{
    uint8_t bytes[VPI_TAG_ENCODED_BYTES];
    size_t n = 0;
    vpi_tag tag = {.n_subjects = 2,
        .subjects = {{1}, {2}},
        .purposes = 12,
        .n_consents = 1,
        .consents = {{.subject = 1, .purpose = 2, .record_id = {9}, .notice = {8}}},
        .trigger = VPRIV_TRIGGER_BUTTON,
        .trigger_score = 0.5F,
        .wake_word = "computer",
        .device_class = "speaker",
        .jurisdiction = "DE",
        .retention = VPRIV_RETENTION_90_DAYS,
        .policy_epoch = 3,
        .started_us = 1,
        .rate_hz = 16000,
        .n_channels = 1,
        .pre_skip_48k = 312};
    fuzz_must(vpi_tag_encode(&tag, bytes, &n));
    fuzz_seed(bytes, n);
    tag.n_subjects = VPI_SUBJECTS_MAX;
    for (uint8_t i = 0; i < VPI_SUBJECTS_MAX; i++)
        tag.subjects[i][0] = i;
    fuzz_must(vpi_tag_encode(&tag, bytes, &n));
    fuzz_seed(bytes, n);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t again[VPI_TAG_ENCODED_BYTES];
    size_t n = 0;
    vpi_tag tag;
    if (vpi_tag_decode(data, n_bytes, &tag) != VPRIV_OK)
        return;
    fuzz_check(tag.n_subjects <= VPI_SUBJECTS_MAX && tag.n_consents <= VPI_TAG_CONSENTS_MAX);
    for (uint32_t i = 0; i < tag.n_consents; i++)
        fuzz_check(tag.consents[i].subject < tag.n_subjects);
    fuzz_must(vpi_tag_encode(&tag, again, &n));
    fuzz_check_same(data, n_bytes, again, n);
}

const fuzz_target fuzz_tag = {"tag", setup, one, VPI_TAG_ENCODED_BYTES + 64, 0};
