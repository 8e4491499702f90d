#include "vault/subject.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/complete.h"
#include "vault/consent_store.h"
#include "vault/log_store.h"
#include "vault/policy.h"
#include <sodium.h>
#include <string.h>
#include <voicepriv/sync.h>

#define REFERENCE_BYTES (VPI_SUBJECT_ID_BYTES + 1)
#define PERSON_BYTES    (2 * (2 + 128) + VPI_SUBJECT_PLACE_BYTES)

static void tag_of(vpriv_vault *vault, const uint8_t *id, uint8_t tag_out[VPI_TAG_BYTES])
{
    vpi_blind_tag(vault->secrets->index_key, "subject", id, VPI_SUBJECT_ID_BYTES, tag_out);
}

#define REFERENCE_BOND_BYTES (8 + VPI_TAG_BYTES)

/* The reference answers for the row's clear columns: key slot and tag. It is under the person's own key, as
 * all that is theirs: whoever cannot name somebody finds no trace of them once they are erased. */
static vpi_place reference_place(const vpriv_vault *vault, int64_t row, uint64_t slot,
    const uint8_t *tag, uint8_t extra[REFERENCE_BOND_BYTES])
{
    vpi_writer w = vpi_writer_of(extra, REFERENCE_BOND_BYTES);
    vpi_put_u64(&w, slot);
    vpi_put_bytes(&w, tag, VPI_TAG_BYTES);
    return (vpi_place){
        vault->vault_id, VPI_COLUMN_SUBJECT_REFERENCE, (uint64_t)row, extra, REFERENCE_BOND_BYTES};
}

static void reference_key_of(
    const uint8_t subject_key[VPI_KEY_BYTES], uint8_t key_out[VPI_KEY_BYTES])
{
    vpi_derive(subject_key, "subject: reference", NULL, 0, key_out);
}

static vpriv_status read_row(vpriv_vault *vault, const vpi_row *row, vpi_subject *subject_out)
{
    uint8_t plain[REFERENCE_BYTES], extra[REFERENCE_BOND_BYTES], tag[VPI_TAG_BYTES];
    size_t n_sealed = 0;
    vpriv_status st = vpi_column_copy(row, 3, tag, sizeof tag);
    if (st != VPRIV_OK)
        return st;
    subject_out->row = vpi_column_int(row, 0);
    subject_out->key_slot = (uint64_t)vpi_column_int(row, 1);
    const vpi_place place =
        reference_place(vault, subject_out->row, subject_out->key_slot, tag, extra);
    const uint8_t *sealed = vpi_column_blob(row, 2, &n_sealed);
    if (n_sealed != REFERENCE_BYTES + VPI_SEAL_OVERHEAD)
        return vpi_auth_failed();
    st = vpi_tree_get(vault->tree, subject_out->key_slot, vault->secrets->reference_key);
    if (st != VPRIV_OK)
        return st;
    reference_key_of(vault->secrets->reference_key, vault->secrets->reference_key);
    st = vpi_unseal(vault->secrets->reference_key, &place, sealed, n_sealed, plain);
    vpi_wipe(vault->secrets->reference_key, VPI_KEY_BYTES);
    if (st != VPRIV_OK)
        return st;
    memcpy(subject_out->id, plain, VPI_SUBJECT_ID_BYTES);
    subject_out->subject_class = (vpriv_subject_class)plain[VPI_SUBJECT_ID_BYTES];
    return VPRIV_OK;
}

vpriv_status vpi_subject_find(
    vpriv_vault *vault, const uint8_t id[VPI_SUBJECT_ID_BYTES], vpi_subject *subject_out)
{
    vpi_row row = VPI_NO_ROW;
    uint8_t tag[VPI_TAG_BYTES];
    tag_of(vault, id, tag);
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, key_slot, reference, tag FROM subject WHERE tag = ?1", "b", tag, sizeof tag);
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_fail(VPRIV_E_NOT_FOUND, "no such subject in this vault");
    if (st == VPRIV_OK)
        st = read_row(vault, &row, subject_out);
    if (st == VPRIV_OK && memcmp(subject_out->id, id, VPI_SUBJECT_ID_BYTES) != 0)
        st = vpi_auth_failed();
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_subject_load(vpriv_vault *vault, int64_t id, vpi_subject *subject_out)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, key_slot, reference, tag FROM subject WHERE id = ?1", "i", id);
    if (st == VPRIV_OK)
        st = read_row(vault, &row, subject_out);
    vpi_row_end(&row);
    return vpi_must_exist(st);
}

vpriv_status vpi_subject_key(vpriv_vault *vault, int64_t row, uint8_t key_out[VPI_KEY_BYTES])
{
    vpi_subject subject;
    const vpriv_status st = vpi_subject_load(vault, row, &subject);
    return st == VPRIV_OK ? vpi_tree_get(vault->tree, subject.key_slot, key_out) : st;
}

vpriv_status vpi_subject_recording_tag(
    vpriv_vault *vault, int64_t row, uint8_t tag_out[VPI_TAG_BYTES])
{
    const vpriv_status st = vpi_subject_key(vault, row, vault->secrets->subject_key);
    if (st == VPRIV_OK)
        vpi_blind_tag(vault->secrets->subject_key, "subject: recordings", NULL, 0, tag_out);
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    return st;
}

vpriv_status vpi_subject_next_row(vpriv_vault *vault, int64_t after, int64_t *row_out)
{
    return vpi_database_next(vault->database, after, row_out,
        "SELECT id FROM subject WHERE id > ?1 ORDER BY id LIMIT 1", "i", after);
}

void vpi_subject_place_put(vpi_writer *w, const vpi_subject_place *place)
{
    vpi_put_text(w, place->home);
    vpi_put_u16(w, place->birth.year);
    vpi_put_u8(w, place->birth.month);
}

void vpi_subject_place_get(vpi_reader *r, vpi_subject_place *place_out)
{
    memset(place_out, 0, sizeof *place_out);
    vpi_get_text(r, place_out->home, sizeof place_out->home);
    place_out->birth.year = vpi_get_u16(r);
    place_out->birth.month = vpi_get_u8(r);
    r->failed = r->failed || place_out->birth.month > 12 ||
                (place_out->birth.year == 0) != (place_out->birth.month == 0);
}

vpriv_status vpi_subject_person(
    vpriv_vault *vault, const vpi_subject *subject, vpriv_subject_info *info_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(PERSON_BYTES)];
    size_t n_sealed = 0, n_bytes = 0;
    const vpi_place place =
        vpi_vault_place(vault, VPI_COLUMN_SUBJECT_PERSON, (uint64_t)subject->row);
    VPI_TRY(vpi_database_query(
        vault->database, &row, "SELECT person FROM subject WHERE id = ?1", "i", subject->row));
    const uint8_t *sealed = vpi_column_blob(&row, 0, &n_sealed);
    VPI_TRY(vpi_tree_get(vault->tree, subject->key_slot, vault->secrets->subject_key));
    vpi_derive(
        vault->secrets->subject_key, "subject: person", NULL, 0, vault->secrets->subject_key);
    VPI_TRY(vpi_unseal_padded(
        vault->secrets->subject_key, &place, sealed, n_sealed, plain, sizeof plain, &n_bytes));
    memset(info_out, 0, sizeof *info_out);
    info_out->struct_size = sizeof *info_out;
    memcpy(info_out->id, subject->id, sizeof info_out->id);
    info_out->subject_class = subject->subject_class;
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    vpi_get_text(&r, info_out->name, sizeof info_out->name);
    vpi_get_text(&r, info_out->contact, sizeof info_out->contact);
    vpi_subject_place at;
    vpi_subject_place_get(&r, &at);
    memcpy(info_out->home, at.home, sizeof info_out->home);
    info_out->birth_year = at.birth.year;
    info_out->birth_month = at.birth.month;
    VPI_ENSURE(vpi_reader_finish(&r, "person") == VPRIV_OK, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

static vpriv_status check_text(const char *text, size_t capacity, const char *what)
{
    if (!text)
        return VPRIV_OK;
    if (strlen(text) >= capacity)
        return vpi_fail(VPRIV_E_ARG, "the %s is longer than %zu bytes", what, capacity - 1);
    if (!vpi_text_is_plain(text, strlen(text)))
        return vpi_fail(VPRIV_E_ARG, "the %s is not plain UTF-8 text", what);
    return VPRIV_OK;
}

/* Everything of a person that is under their own key. */
#define PERSON_SEALED_BYTES VPI_PADDED_SEAL_BYTES(PERSON_BYTES)
static vpriv_status seal_person(vpriv_vault *vault, int64_t row, const uint8_t key[VPI_KEY_BYTES],
    const vpriv_subject_info *info, uint8_t sealed_out[PERSON_SEALED_BYTES], size_t *n_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[PERSON_BYTES];
    const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_SUBJECT_PERSON, (uint64_t)row);
    vpi_subject_place at = {.birth = {(uint16_t)info->birth_year, (uint8_t)info->birth_month}};
    memcpy(at.home, info->home, sizeof at.home);
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_text(&w, info->name);
    vpi_put_text(&w, info->contact);
    vpi_subject_place_put(&w, &at);
    VPI_TRY(vpi_writer_finish(&w, "person"));
    vpi_derive(key, "subject: person", NULL, 0, vault->secrets->subject_key);
    VPI_TRY(vpi_seal_padded(vault->secrets->subject_key, &place, plain, vpi_writer_used(&w),
        sealed_out, PERSON_SEALED_BYTES, n_out));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->subject_key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

static vpriv_status insert(
    vpriv_vault *vault, const vpi_subject *subject, const vpriv_subject_info *info)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[REFERENCE_BYTES], person[PERSON_SEALED_BYTES];
    uint8_t extra[REFERENCE_BOND_BYTES], reference[REFERENCE_BYTES + VPI_SEAL_OVERHEAD],
        tag[VPI_TAG_BYTES];
    size_t n_person = 0;
    VPI_TRY(seal_person(vault, subject->row, vault->secrets->fresh, info, person, &n_person));
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_bytes(&w, subject->id, VPI_SUBJECT_ID_BYTES);
    vpi_put_u8(&w, (uint8_t)subject->subject_class);
    tag_of(vault, subject->id, tag);
    const vpi_place place = reference_place(vault, subject->row, subject->key_slot, tag, extra);
    reference_key_of(vault->secrets->fresh, vault->secrets->reference_key);
    vpi_seal(vault->secrets->reference_key, &place, plain, REFERENCE_BYTES, reference);
    vpi_wipe(vault->secrets->reference_key, VPI_KEY_BYTES);
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO subject(id, tag, key_slot, reference, person, consents)"
        " VALUES (?1, ?2, ?3, ?4, ?5, x'')",
        "ibibb", subject->row, tag, sizeof tag, (int64_t)subject->key_slot, reference,
        sizeof reference, person, n_person));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_subject_place_of(
    vpriv_vault *vault, const vpi_subject *subject, vpi_subject_place *place_out)
{
    vpriv_subject_info info;
    const vpriv_status st = vpi_subject_person(vault, subject, &info);
    if (st == VPRIV_OK) {
        memset(place_out, 0, sizeof *place_out);
        memcpy(place_out->home, info.home, sizeof place_out->home);
        place_out->birth = (vpi_birth){(uint16_t)info.birth_year, (uint8_t)info.birth_month};
    }
    vpi_wipe(&info, sizeof info);
    return st;
}

vpriv_status vpi_subject_move(
    vpriv_vault *vault, const vpi_subject *subject, const vpi_subject_place *place)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_subject_info info;
    uint8_t person[PERSON_SEALED_BYTES];
    size_t n_person = 0;
    VPI_TRY(vpi_subject_person(vault, subject, &info));
    memcpy(info.home, place->home, sizeof info.home);
    info.birth_year = place->birth.year;
    info.birth_month = place->birth.month;
    VPI_TRY(vpi_subject_key(vault, subject->row, vault->secrets->fresh));
    VPI_TRY(seal_person(vault, subject->row, vault->secrets->fresh, &info, person, &n_person));
    VPI_TRY(vpi_database_run(vault->database, "UPDATE subject SET person = ?2 WHERE id = ?1", "ib",
        subject->row, person, n_person));
    VPI_TRY(vpi_policy_write_subject(vault, subject));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->fresh, VPI_KEY_BYTES);
    vpi_wipe(&info, sizeof info);
    return st;
}

static vpriv_status add(vpriv_vault *vault, vpriv_subject_class subject_class, const char *name,
    const char *contact, const uint8_t *id)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_subject subject = {.subject_class = subject_class}, other;
    vpriv_subject_info info = {.home = VPI_STRICT};
    vpriv_log_entry entry = {
        .kind = VPRIV_LOG_SUBJECT_ADDED, .purpose = VPRIV_LOG_NO_PURPOSE, .actor = "owner"};
    memcpy(info.name, name, strlen(name) + 1);
    if (contact)
        memcpy(info.contact, contact, strlen(contact) + 1);
    memcpy(subject.id, id, sizeof subject.id);
    vpi_random(vault->secrets->fresh, VPI_KEY_BYTES);
    VPI_TRY(vpi_vault_begin(vault));
    const vpriv_status found = vpi_subject_find(vault, id, &other);
    VPI_ENSURE(found != VPRIV_OK, VPRIV_E_EXISTS, "this person is in the vault already");
    if (found != VPRIV_E_NOT_FOUND)
        VPI_TRY(found);
    vpi_fail_clear();
    VPI_TRY(vpi_vault_add_key(vault, vault->secrets->fresh, &subject.key_slot));
    VPI_TRY(vpi_database_int(
        vault->database, &subject.row, "SELECT coalesce(max(id), 0) + 1 FROM subject", ""));
    VPI_TRY(insert(vault, &subject, &info));
    VPI_TRY(vpi_consent_start(vault, subject.row));
    VPI_TRY(vpi_policy_write_subject(vault, &subject));
    memcpy(entry.subject, subject.id, sizeof entry.subject);
    VPI_TRY(vpi_log_append(vault, &entry, &subject.row, 1, NULL, NULL));
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->fresh, VPI_KEY_BYTES);
    vpi_wipe(&info, sizeof info);
    return st;
}

static vpriv_status check_and_add(vpriv_vault *vault, vpriv_subject_class subject_class,
    const char *name, const char *contact, const uint8_t *id)
{
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(id && name, VPRIV_E_ARG, "a subject needs a name and room for its id");
    VPI_ENSURE(subject_class >= VPRIV_SUBJECT_USER && subject_class <= VPRIV_SUBJECT_CHILD,
        VPRIV_E_ARG, "a subject is a user, guest, bystander or child");
    VPI_TRY(check_text(name, VPRIV_SUBJECT_NAME_BYTES, "name"));
    VPI_TRY(check_text(contact, VPRIV_SUBJECT_CONTACT_BYTES, "contact"));
    VPI_TRY(add(vault, subject_class, name, contact, id));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_subject_add(vpriv_vault *vault, vpriv_subject_class subject_class,
    const char *name, const char *contact, uint8_t *subject_out)
{
    uint8_t id[VPI_SUBJECT_ID_BYTES];
    vpi_random(id, sizeof id);
    const vpriv_status st =
        check_and_add(vault, subject_class, name, contact, subject_out ? id : NULL);
    if (st == VPRIV_OK)
        memcpy(subject_out, id, sizeof id);
    return st;
}

vpriv_status vpriv_subject_add_known(vpriv_vault *vault, vpriv_subject_class subject_class,
    const char *name, const char *contact, const uint8_t *subject)
{
    if (subject && sodium_is_zero(subject, VPI_SUBJECT_ID_BYTES))
        return vpi_fail(VPRIV_E_ARG, "the subject is all zeros");
    return check_and_add(vault, subject_class, name, contact, subject);
}

vpriv_status vpriv_subject_list(vpriv_vault *vault, vpriv_subject_fn fn, void *user)
{
    int64_t row = 0;
    if (!fn)
        return vpi_fail(VPRIV_E_ARG, "no callback");
    for (;;) {
        vpi_subject subject;
        vpriv_subject_info info;
        bool began = false;
        vpriv_status st = vpi_vault_enter(vault, true);
        if (st != VPRIV_OK)
            return st;
        st = vpi_vault_read_begin(vault, &began);
        if (st == VPRIV_OK)
            st = vpi_subject_next_row(vault, row, &row);
        const bool ended = st == VPRIV_E_NOT_FOUND;
        if (ended)
            st = vpi_complete_subjects(vault);
        else if (st == VPRIV_OK)
            st = vpi_subject_load(vault, row, &subject);
        if (st == VPRIV_OK && !ended)
            st = vpi_subject_person(vault, &subject, &info);
        vpi_vault_read_end(vault, began);
        vpi_vault_leave(vault);
        if (st != VPRIV_OK || ended)
            return st;
        const bool go_on = fn(user, &info);
        vpi_wipe(&info, sizeof info);
        if (!go_on)
            return VPRIV_OK;
    }
}
