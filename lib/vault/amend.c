#include "vault/amend.h"
#include "base/try.h"
#include "vault/header.h"
#include <string.h>

void vpi_amendments_put(vpi_writer *w, const vpi_amendments *amendments)
{
    vpi_put_u8(w, (uint8_t)amendments->n_added);
    for (uint32_t i = 0; i < amendments->n_added; i++)
        vpi_put_bytes(w, amendments->added[i], VPI_SUBJECT_ID_BYTES);
    vpi_put_u8(w, (uint8_t)amendments->n_consents);
    for (uint32_t i = 0; i < amendments->n_consents; i++) {
        vpi_put_u8(w, amendments->consents[i].purpose);
        vpi_put_u8(w, amendments->consents[i].speaker);
        vpi_put_bytes(w, amendments->consents[i].record_id, VPRIV_CONSENT_RECORD_ID_BYTES);
    }
}

/* Where a consent stands in the order of the list. */
static int order_of(unsigned purpose, uint32_t speaker)
{
    return (int)(purpose * VPI_SUBJECTS_MAX + speaker);
}

static bool has_subject(
    const uint8_t *subjects, uint32_t n, const uint8_t subject[VPI_SUBJECT_ID_BYTES])
{
    for (uint32_t i = 0; i < n; i++)
        if (memcmp(subjects + i * VPI_SUBJECT_ID_BYTES, subject, VPI_SUBJECT_ID_BYTES) == 0)
            return true;
    return false;
}

static void get_added(vpi_reader *r, const vpi_tag *tag, vpi_amendments *amendments)
{
    const uint32_t n = vpi_get_u8(r);
    if (n + tag->n_subjects > VPI_SUBJECTS_MAX)
        r->failed = true;
    for (uint32_t i = 0; i < n && !r->failed; i++) {
        uint8_t *added = amendments->added[i];
        vpi_get_copy(r, added, VPI_SUBJECT_ID_BYTES);
        if (has_subject(tag->subjects[0], tag->n_subjects, added) ||
            has_subject(amendments->added[0], i, added))
            r->failed = true;
    }
    amendments->n_added = r->failed ? 0 : n;
}

void vpi_amendments_get(vpi_reader *r, const vpi_tag *tag, vpi_amendments *amendments)
{
    int last = -1;
    memset(amendments, 0, sizeof *amendments);
    get_added(r, tag, amendments);
    const uint32_t n = vpi_get_u8(r);
    if (n > VPI_LATER_CONSENTS_MAX)
        r->failed = true;
    for (uint32_t i = 0; i < n && !r->failed; i++) {
        vpi_later_consent *consent = &amendments->consents[i];
        consent->purpose = vpi_get_u8(r);
        consent->speaker = vpi_get_u8(r);
        vpi_get_copy(r, consent->record_id, sizeof consent->record_id);
        if (consent->speaker >= tag->n_subjects + amendments->n_added ||
            consent->purpose >= VPI_PURPOSES_MAX ||
            order_of(consent->purpose, consent->speaker) <= last)
            r->failed = true;
        last = order_of(consent->purpose, consent->speaker);
    }
    amendments->n_consents = r->failed ? 0 : n;
}

uint32_t vpi_n_speakers(const vpi_recording *recording)
{
    return recording->tag.n_subjects + recording->amendments.n_added;
}

const uint8_t *vpi_speaker(const vpi_recording *recording, uint32_t i)
{
    const uint32_t n_tagged = recording->tag.n_subjects;
    return i < n_tagged ? recording->tag.subjects[i] : recording->amendments.added[i - n_tagged];
}

bool vpi_is_speaker(const vpi_recording *recording, const uint8_t subject[VPI_SUBJECT_ID_BYTES])
{
    return has_subject(recording->tag.subjects[0], recording->tag.n_subjects, subject) ||
           has_subject(recording->amendments.added[0], recording->amendments.n_added, subject);
}

vpriv_status vpi_speaker_add(vpi_recording *recording, const uint8_t subject[VPI_SUBJECT_ID_BYTES])
{
    vpi_amendments *amendments = &recording->amendments;
    if (vpi_n_speakers(recording) >= VPI_SUBJECTS_MAX)
        return vpi_fail(VPRIV_E_LIMIT, "%d people speak in it already", VPI_SUBJECTS_MAX);
    memcpy(amendments->added[amendments->n_added++], subject, VPI_SUBJECT_ID_BYTES);
    return VPRIV_OK;
}

const uint8_t *vpi_basis(const vpi_recording *recording, uint32_t speaker, vpriv_purpose purpose)
{
    const vpi_amendments *later = &recording->amendments;
    const vpi_tag *tag = &recording->tag;
    for (uint32_t i = 0; i < later->n_consents; i++)
        if (later->consents[i].speaker == speaker && later->consents[i].purpose == (uint8_t)purpose)
            return later->consents[i].record_id;
    for (uint32_t i = 0; i < tag->n_consents; i++)
        if (tag->consents[i].subject == speaker && tag->consents[i].purpose == (uint8_t)purpose)
            return tag->consents[i].record_id;
    return NULL;
}

bool vpi_rests_on(const vpi_recording *recording, uint32_t speaker, vpriv_purpose purpose,
    const uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES])
{
    const uint8_t *basis = vpi_basis(recording, speaker, purpose);
    return basis && memcmp(basis, record_id, VPRIV_CONSENT_RECORD_ID_BYTES) == 0;
}

vpriv_status vpi_basis_set(vpi_recording *recording, uint32_t speaker, vpriv_purpose purpose,
    const uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES])
{
    vpi_amendments *later = &recording->amendments;
    const int place = order_of(purpose, speaker);
    uint32_t at = 0;
    while (at < later->n_consents &&
           order_of(later->consents[at].purpose, later->consents[at].speaker) < place)
        at++;
    vpi_later_consent *consent = &later->consents[at];
    const bool is_there =
        at < later->n_consents && order_of(consent->purpose, consent->speaker) == place;
    if (!is_there) {
        if (later->n_consents == VPI_LATER_CONSENTS_MAX)
            return vpi_fail(VPRIV_E_LIMIT, "more than %d later consents", VPI_LATER_CONSENTS_MAX);
        memmove(consent + 1, consent, (later->n_consents - at) * sizeof *consent);
        later->n_consents++;
    }
    consent->speaker = (uint8_t)speaker;
    consent->purpose = (uint8_t)purpose;
    memcpy(consent->record_id, record_id, sizeof consent->record_id);
    return VPRIV_OK;
}

void vpi_basis_forget(vpi_recording *recording, vpriv_purpose purpose)
{
    vpi_amendments *later = &recording->amendments;
    uint32_t n = 0;
    for (uint32_t i = 0; i < later->n_consents; i++)
        if (later->consents[i].purpose != (uint8_t)purpose)
            later->consents[n++] = later->consents[i];
    later->n_consents = n;
}

bool vpi_consent_covers(const vpriv_consent_record *record, const vpi_recording *recording)
{
    return record->covers_past || record->event.time_us <= recording->tag.started_us;
}
