#include "vault/consent_end.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/state.h"
#include "vault/consent_event.h"
#include "vault/consent_store.h"
#include "vault/header.h"
#include "vault/ingest.h"
#include "vault/lawful.h"
#include <string.h>

#define NO_EVENT ((vpriv_consent_event)0)

/* Which consents end, and those that did. */
typedef struct ending {
    vpriv_vault *vault;
    const char *notice_id; /* NULL: not by notice */
    const char *language;
    const vpi_lawful *lawful; /* NULL: not by time, uses and age */
    bool looks_only;
    int64_t next_due_us;
    uint64_t *slots;
    size_t n_slots;
    size_t n;
    uint64_t n_unread;
} ending;

static vpriv_consent_event over_by_time(ending *e, const vpriv_consent_record *record,
    vpriv_subject_class subject_class, const vpi_subject_place *at)
{
    const int64_t now_us = e->lawful->now_us;
    vpriv_rules rules = e->lawful->here;
    if (vpi_consent_has_run_out(record, now_us))
        return VPRIV_CONSENT_EVENT_EXPIRE;
    vpi_lawful_join_home(e->lawful, at->home, &rules);
    if (vpi_rules_outgrown(&rules, subject_class, at->birth, record->event.by, now_us))
        return VPRIV_CONSENT_EVENT_INVALIDATE;
    const int64_t until_us = record->event.valid_until_us;
    const int64_t of_age_us = vpi_rules_of_age_us(&rules, subject_class, at->birth);
    if (until_us != 0 && until_us < e->next_due_us)
        e->next_due_us = until_us;
    if (of_age_us > now_us && of_age_us < e->next_due_us &&
        vpi_rules_outgrown(&rules, subject_class, at->birth, record->event.by, of_age_us))
        e->next_due_us = of_age_us;
    return NO_EVENT;
}

static vpriv_consent_event ends_by(ending *e, const vpriv_consent_record *record,
    vpriv_subject_class subject_class, const vpi_subject_place *at)
{
    if (!vpi_consent_permits(record->event.state))
        return NO_EVENT;
    if (e->lawful)
        return over_by_time(e, record, subject_class, at);
    const bool ends = !e->notice_id || (strcmp(record->notice.id, e->notice_id) == 0 &&
                                           strcmp(record->notice.language, e->language) == 0);
    return ends ? VPRIV_CONSENT_EVENT_INVALIDATE : NO_EVENT;
}

static vpriv_status end_one(
    ending *e, const vpi_subject *person, const vpi_subject_place *at, vpriv_purpose purpose)
{
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence, .surface = "library"};
    vpriv_consent_record record;
    vpriv_receipt receipt;
    uint64_t slot = VPI_NO_SLOT;
    vpriv_status st = vpi_consent_latest(e->vault, person->row, purpose, &record, NULL);
    if (st != VPRIV_OK)
        return st == VPRIV_E_AUTH && e->lawful ? VPRIV_OK : st; /* opens nothing anyway */
    const vpriv_consent_event event = ends_by(e, &record, person->subject_class, at);
    if (event == NO_EVENT)
        return VPRIV_OK;
    e->n++;
    if (e->looks_only)
        return VPRIV_OK;
    st = vpi_consent_apply(e->vault, person, purpose, event, &evidence, &receipt, &slot);
    if (st == VPRIV_OK && slot != VPI_NO_SLOT)
        e->slots[e->n_slots++] = slot;
    return st;
}

static vpriv_status end_of_person(ending *e, int64_t row)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject person;
    vpi_subject_place at = {.home = VPI_STRICT};
    uint32_t purposes = 0;
    VPI_TRY(vpi_subject_load(e->vault, row, &person));
    VPI_TRY(vpi_consent_purposes(e->vault, row, &purposes));
    if (e->lawful) {
        const vpriv_status placed = vpi_subject_place_of(e->vault, &person, &at);
        if (placed != VPRIV_E_AUTH)
            VPI_TRY(placed);
    }
    uint64_t *more = realloc(e->slots, (e->n_slots + VPI_PURPOSES_MAX) * sizeof *more);
    VPI_ENSURE(more, VPRIV_E_MEMORY, "no memory for %zu consents", e->n_slots);
    e->slots = more;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (purposes >> p & 1)
            VPI_TRY(end_one(e, &person, &at, (vpriv_purpose)p));
    st = VPRIV_OK;
out:
    return st;
}

/* What is over by time is looked for at everybody: one person's damage keeps no other's consents in force. What
 * ends by a call ends for all or none. */
static vpriv_status end_or_pass_over(ending *e, int64_t row)
{
    const size_t n_slots = e->n_slots, n = e->n;
    if (!e->lawful)
        return end_of_person(e, row);
    vpriv_status st = vpi_vault_part_begin(e->vault);
    if (st == VPRIV_OK)
        st = vpi_vault_part_end(e->vault, end_of_person(e, row));
    if (!vpi_is_damage(st))
        return st;
    vpi_fail_clear();
    e->n_slots = n_slots;
    e->n = n;
    e->n_unread++;
    return VPRIV_OK;
}

static vpriv_status end_all(ending *e)
{
    int64_t row = 0;
    vpriv_status st = vpi_ingest_adopt_all(e->vault);
    while (st == VPRIV_OK) {
        st = vpi_subject_next_row(e->vault, row, &row);
        if (st == VPRIV_E_NOT_FOUND)
            return VPRIV_OK;
        if (st == VPRIV_OK)
            st = end_or_pass_over(e, row);
    }
    return st;
}

vpriv_status vpi_consent_invalidate(vpriv_vault *vault, const char *id, const char *language)
{
    ending e = {.vault = vault, .notice_id = id, .language = language};
    vpriv_status st = end_all(&e);
    if (st == VPRIV_OK && e.n_slots > 0)
        st = vpi_vault_shred(vault, e.slots, e.n_slots);
    free(e.slots);
    return st;
}

vpriv_status vpi_consent_invalidate_all(vpriv_vault *vault, uint64_t **slots_out, size_t *n_out)
{
    ending e = {.vault = vault};
    const vpriv_status st = end_all(&e);
    if (st != VPRIV_OK) {
        free(e.slots);
        return st;
    }
    *slots_out = e.slots;
    *n_out = e.n_slots;
    return VPRIV_OK;
}

vpriv_status vpi_consent_end_over(vpriv_vault *vault, bool looks_only, int64_t *next_due_io,
    size_t *n_out, uint64_t *n_unread_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_lawful *lawful = NULL;
    int64_t n_people = 0;
    ending e = {.vault = vault, .looks_only = looks_only, .next_due_us = *next_due_io};
    const vpriv_status read = vpi_lawful_load(vault, NULL, &lawful);
    if (vpi_is_damage(read)) {
        VPI_TRY(vpi_database_int(vault->database, &n_people, "SELECT count(*) FROM subject", ""));
        e.n_unread = (uint64_t)n_people;
        vpi_fail_clear();
    } else {
        VPI_TRY(read);
        e.lawful = lawful;
        VPI_TRY(end_all(&e));
        if (e.n_slots > 0)
            VPI_TRY(vpi_vault_shred(vault, e.slots, e.n_slots));
    }
    *next_due_io = e.next_due_us;
    *n_out = e.n;
    *n_unread_out = e.n_unread;
    st = VPRIV_OK;
out:
    free(lawful);
    free(e.slots);
    return st;
}
