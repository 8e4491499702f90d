#include "vault/tag.h"
#include "base/try.h"
#include <sodium.h>
#include <string.h>

#define TAG_VERSION 1

vpriv_status vpi_tag_encode(
    const vpi_tag *tag, uint8_t bytes_out[VPI_TAG_ENCODED_BYTES], size_t *n_bytes_out)
{
    uint32_t score_bits;
    vpi_writer w = vpi_writer_of(bytes_out, VPI_TAG_ENCODED_BYTES);
    memcpy(&score_bits, &tag->trigger_score, sizeof score_bits);
    vpi_put_u16(&w, TAG_VERSION);
    vpi_put_u8(&w, (uint8_t)tag->n_subjects);
    for (uint32_t i = 0; i < tag->n_subjects; i++)
        vpi_put_bytes(&w, tag->subjects[i], VPI_SUBJECT_ID_BYTES);
    vpi_put_u8(&w, (uint8_t)tag->all_identified);
    vpi_put_u32(&w, tag->purposes);
    vpi_put_u8(&w, (uint8_t)tag->n_consents);
    for (uint32_t i = 0; i < tag->n_consents; i++) {
        vpi_put_u8(&w, tag->consents[i].subject);
        vpi_put_u8(&w, tag->consents[i].purpose);
        vpi_put_bytes(&w, tag->consents[i].record_id, VPRIV_CONSENT_RECORD_ID_BYTES);
        vpi_put_bytes(&w, tag->consents[i].notice, VPRIV_SHA256_BYTES);
    }
    vpi_put_u8(&w, (uint8_t)tag->trigger);
    vpi_put_u32(&w, score_bits);
    vpi_put_text(&w, tag->wake_word);
    vpi_put_text(&w, tag->device_class);
    vpi_put_text(&w, tag->jurisdiction);
    vpi_put_u16(&w, (uint16_t)tag->retention);
    vpi_put_u64(&w, tag->policy_epoch);
    vpi_put_i64(&w, tag->started_us);
    vpi_put_u32(&w, tag->rate_hz);
    vpi_put_u8(&w, (uint8_t)tag->n_channels);
    vpi_put_u32(&w, tag->pre_skip_48k);
    *n_bytes_out = vpi_writer_used(&w);
    return vpi_writer_finish(&w, "tag");
}

static void get_consents(vpi_reader *r, vpi_tag *tag)
{
    tag->n_consents = vpi_get_u8(r);
    if (tag->n_consents > VPI_TAG_CONSENTS_MAX)
        r->failed = true;
    for (uint32_t i = 0; i < tag->n_consents && !r->failed; i++) {
        vpi_tag_consent *consent = &tag->consents[i];
        consent->subject = vpi_get_u8(r);
        consent->purpose = vpi_get_u8(r);
        vpi_get_copy(r, consent->record_id, sizeof consent->record_id);
        vpi_get_copy(r, consent->notice, sizeof consent->notice);
        if (consent->subject >= tag->n_subjects || consent->purpose >= VPI_PURPOSES_MAX)
            r->failed = true;
    }
}

vpriv_status vpi_tag_decode(const uint8_t *bytes, size_t n_bytes, vpi_tag *tag_out)
{
    vpi_reader r = vpi_reader_of(bytes, n_bytes);
    memset(tag_out, 0, sizeof *tag_out);
    if (vpi_get_u16(&r) != TAG_VERSION)
        return vpi_auth_failed();
    tag_out->n_subjects = vpi_get_u8(&r);
    if (tag_out->n_subjects < 1 || tag_out->n_subjects > VPI_SUBJECTS_MAX)
        return vpi_auth_failed();
    for (uint32_t i = 0; i < tag_out->n_subjects; i++) {
        vpi_get_copy(&r, tag_out->subjects[i], VPI_SUBJECT_ID_BYTES);
        if (i > 0 &&
            memcmp(tag_out->subjects[i - 1], tag_out->subjects[i], VPI_SUBJECT_ID_BYTES) >= 0)
            return vpi_auth_failed();
    }
    const uint8_t all_identified = vpi_get_u8(&r);
    if (all_identified > VPRIV_FACT_YES)
        return vpi_auth_failed();
    tag_out->all_identified = (vpriv_fact)all_identified;
    tag_out->purposes = vpi_get_u32(&r);
    get_consents(&r, tag_out);
    tag_out->trigger = (vpriv_trigger_kind)vpi_get_u8(&r);
    const uint32_t score_bits = vpi_get_u32(&r);
    memcpy(&tag_out->trigger_score, &score_bits, sizeof score_bits);
    vpi_get_text(&r, tag_out->wake_word, sizeof tag_out->wake_word);
    vpi_get_text(&r, tag_out->device_class, sizeof tag_out->device_class);
    vpi_get_text(&r, tag_out->jurisdiction, sizeof tag_out->jurisdiction);
    tag_out->retention = (vpriv_retention)vpi_get_u16(&r);
    tag_out->policy_epoch = vpi_get_u64(&r);
    tag_out->started_us = vpi_get_i64(&r);
    tag_out->rate_hz = vpi_get_u32(&r);
    tag_out->n_channels = vpi_get_u8(&r);
    tag_out->pre_skip_48k = vpi_get_u32(&r);
    return vpi_reader_finish(&r, "tag") == VPRIV_OK ? VPRIV_OK : vpi_auth_failed();
}

void vpi_tag_hash(const uint8_t *bytes, size_t n_bytes, uint8_t hash_out[VPI_HASH_BYTES])
{
    crypto_generichash_state state;
    static const char label[] = "recording: tag";
    crypto_generichash_init(&state, NULL, 0, VPI_HASH_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)label, sizeof label);
    crypto_generichash_update(&state, bytes, n_bytes);
    crypto_generichash_final(&state, hash_out, VPI_HASH_BYTES);
}
