#include "vault/places.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/profile_store.h"
#include "vault/settings.h"
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#define ROW_BYTES (1 + VPRIV_PLACES_MAX * VPI_RULES_BYTES_MAX)
_Static_assert(ROW_BYTES <= VPI_POLICY_ROW_BYTES_MAX, "fits a row of the policy");

static const uint8_t no_row[VPRIV_SHA256_BYTES];

static void tag_of(const vpriv_vault *vault, uint8_t tag_out[VPI_TAG_BYTES])
{
    vpi_blind_tag(vault->secrets->policy_key, "policy: places", NULL, 0, tag_out);
}

/* Nobody said where. */
static bool is_nowhere(const char *place)
{
    return !place || strcmp(place, VPI_STRICT) == 0 || strcmp(place, "ZZ") == 0;
}

static bool parse(const uint8_t *plain, size_t n_bytes, vpi_places *places_out)
{
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    places_out->n = vpi_get_u8(&r);
    r.failed = r.failed || places_out->n > VPRIV_PLACES_MAX;
    for (uint32_t i = 0; i < places_out->n && !r.failed; i++)
        vpi_rules_get(&r, &places_out->rules[i]);
    return vpi_reader_finish(&r, "places") == VPRIV_OK;
}

/* VPRIV_E_AUTH when there is a row, or none, other than the head says. */
static vpriv_status load_row(
    vpriv_vault *vault, const vpi_policy_head *head, vpi_places *places_out, bool *has_row_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *plain = NULL, tag[VPI_TAG_BYTES], hash[VPRIV_SHA256_BYTES] = {0};
    const size_t capacity = VPI_PADDED_SEAL_BYTES(ROW_BYTES);
    size_t n_bytes = 0;
    places_out->n = 0;
    tag_of(vault, tag);
    VPI_TRY(vpi_alloc(1, capacity, (void **)&plain));
    const vpriv_status found = vpi_policy_read_row(vault, tag, plain, capacity, &n_bytes);
    *has_row_out = found != VPRIV_E_NOT_FOUND;
    if (*has_row_out) {
        VPI_TRY(found);
        crypto_hash_sha256(hash, plain, n_bytes);
    }
    if (memcmp(hash, head->places_hash, sizeof hash) != 0 ||
        (*has_row_out && !parse(plain, n_bytes, places_out))) {
        places_out->n = 0;
        st = vpi_auth_failed();
        goto out;
    }
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    free(plain);
    return st;
}

vpriv_status vpi_places_load(
    vpriv_vault *vault, const vpi_policy_head *head, vpi_places *places_out)
{
    bool has_row = false;
    places_out->n = 0;
    if (memcmp(head->places_hash, no_row, sizeof no_row) == 0)
        return VPRIV_OK;
    const vpriv_status st = load_row(vault, head, places_out, &has_row);
    if (st != VPRIV_E_AUTH)
        return st;
    vpi_fail_clear();
    places_out->n = 0;
    return VPRIV_OK;
}

void vpi_places_rules(
    const vpi_places *places, const char *place, int64_t now_us, vpriv_rules *rules_out)
{
    vpi_rules_strict_for(place, rules_out);
    for (uint32_t i = 0; i < places->n && !is_nowhere(place); i++)
        if (strcmp(places->rules[i].place, place) == 0)
            *rules_out = places->rules[i];
    vpi_rules_at(rules_out, now_us);
}

void vpi_places_here(const vpi_places *places, const vpi_policy_head *head, int64_t now_us,
    vpriv_rules *device_out, vpriv_rules *controller_out)
{
    vpi_places_rules(places, head->settings.jurisdiction, now_us, device_out);
    vpi_places_rules(places, head->settings.controller_country, now_us, controller_out);
}

static vpriv_status add_place(vpi_places *places, const char *place)
{
    if (is_nowhere(place))
        return VPRIV_OK;
    for (uint32_t i = 0; i < places->n; i++)
        if (strcmp(places->rules[i].place, place) == 0)
            return VPRIV_OK;
    if (places->n == VPRIV_PLACES_MAX)
        return vpi_fail(VPRIV_E_LIMIT, "this vault knows %d places already", VPRIV_PLACES_MAX);
    vpi_rules_strict_for(place, &places->rules[places->n++]);
    return VPRIV_OK;
}

static vpriv_status store_row(
    vpriv_vault *vault, const vpi_places *places, uint8_t hash_out[VPRIV_SHA256_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *plain = NULL, tag[VPI_TAG_BYTES];
    tag_of(vault, tag);
    VPI_TRY(vpi_alloc(1, ROW_BYTES, (void **)&plain));
    vpi_writer w = vpi_writer_of(plain, ROW_BYTES);
    vpi_put_u8(&w, (uint8_t)places->n);
    for (uint32_t i = 0; i < places->n; i++)
        vpi_rules_put(&w, &places->rules[i]);
    VPI_TRY(vpi_writer_finish(&w, "places"));
    crypto_hash_sha256(hash_out, plain, vpi_writer_used(&w));
    VPI_TRY(vpi_policy_write_row(vault, tag, plain, vpi_writer_used(&w)));
    st = VPRIV_OK;
out:
    free(plain);
    return st;
}

vpriv_status vpi_places_compile(vpriv_vault *vault, vpi_policy_head *head, const char *more)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_places *places = NULL;
    vpi_profile *profiles = NULL;
    size_t n_profiles = 0;
    VPI_TRY(vpi_alloc(1, sizeof *places, (void **)&places));
    VPI_TRY(vpi_places_load(vault, head, places));
    VPI_TRY(add_place(places, head->settings.jurisdiction));
    VPI_TRY(add_place(places, head->settings.controller_country));
    VPI_TRY(add_place(places, more));
    VPI_TRY(vpi_profiles_in_force(vault, head, &profiles, &n_profiles));
    for (uint32_t i = 0; i < places->n; i++) {
        char place[VPRIV_JURISDICTION_BYTES];
        memcpy(place, places->rules[i].place, sizeof place);
        vpi_profiles_resolve(profiles, n_profiles, place, &places->rules[i]);
    }
    if (places->n > 0)
        VPI_TRY(store_row(vault, places, head->places_hash));
    st = VPRIV_OK;
out:
    free(places);
    free(profiles);
    return st;
}

vpriv_status vpi_places_start(vpriv_vault *vault, const uint8_t *authority, vpi_policy_head *head)
{
    head->has_authority = authority != NULL;
    if (authority)
        memcpy(head->authority, authority, sizeof head->authority);
    return vpi_places_compile(vault, head, NULL);
}

vpriv_status vpi_places_there(vpriv_vault *vault, bool *there_out)
{
    uint8_t tag[VPI_TAG_BYTES];
    int64_t n = 0;
    tag_of(vault, tag);
    const vpriv_status st = vpi_database_int(
        vault->database, &n, "SELECT count(*) FROM policy WHERE tag = ?1", "b", tag, sizeof tag);
    *there_out = n > 0;
    return st;
}

vpriv_status vpi_places_check(vpriv_vault *vault, const vpi_policy_head *head)
{
    vpi_places *places = NULL;
    bool has_row = false;
    vpriv_status st = vpi_alloc(1, sizeof *places, (void **)&places);
    if (st == VPRIV_OK)
        st = load_row(vault, head, places, &has_row);
    if (st == VPRIV_OK)
        st = vpi_profiles_check(vault, head);
    free(places);
    return st;
}

vpriv_status vpi_head_change_begin(vpriv_vault *vault, vpi_policy_head **head_out)
{
    vpriv_status st = vpi_alloc(1, sizeof **head_out, (void **)head_out);
    if (st == VPRIV_OK)
        st = vpi_vault_begin(vault);
    if (st == VPRIV_OK)
        st = vpi_policy_read_head(vault, *head_out);
    if (st == VPRIV_OK)
        st = vpi_ingest_adopt_all(vault);
    return st;
}

vpriv_status vpi_head_change_commit(vpriv_vault *vault, const vpi_policy_head *head)
{
    return vpi_head_change_commit_shredding(vault, head, NULL, 0);
}

vpriv_status vpi_head_change_commit_shredding(
    vpriv_vault *vault, const vpi_policy_head *head, const uint64_t *slots, size_t n_slots)
{
    const vpi_settings before = vault->settings;
    vault->settings = head->settings;
    vpriv_status st = vpi_settings_store(vault);
    if (st == VPRIV_OK)
        st = vpi_vault_renew(vault, slots, n_slots, head);
    if (st == VPRIV_OK)
        st = vpi_vault_commit(vault);
    if (st != VPRIV_OK && st != VPRIV_E_ROOT) /* which says that it is committed */
        vault->settings = before;
    return st;
}

vpriv_status vpi_places_log(
    vpriv_vault *vault, const char *actor, const uint8_t *detail_hash, const char *format, ...)
{
    vpriv_log_entry entry = {.kind = VPRIV_LOG_POLICY, .purpose = VPRIV_LOG_NO_PURPOSE};
    va_list arguments;
    snprintf(entry.actor, sizeof entry.actor, "%s", actor);
    va_start(arguments, format);
    vsnprintf(entry.reason, sizeof entry.reason, format, arguments);
    va_end(arguments);
    if (detail_hash)
        memcpy(entry.detail_hash, detail_hash, sizeof entry.detail_hash);
    return vpi_log_append(vault, &entry, NULL, 0, NULL, NULL);
}

/* A place as somebody gives it. */
static vpriv_status check_place(const char *place, char place_out[VPRIV_JURISDICTION_BYTES])
{
    if (!place || strlen(place) >= VPRIV_JURISDICTION_BYTES || !vpi_jurisdiction_is_known(place))
        return vpi_fail(VPRIV_E_ARG,
            "a place is as in ISO 3166, such as DE or US-CA, or \"strict\" when it is not known");
    memset(place_out, 0, VPRIV_JURISDICTION_BYTES);
    memcpy(place_out, place, strlen(place));
    return VPRIV_OK;
}

vpriv_status vpriv_jurisdiction_set_device(vpriv_vault *vault, const char *place, const char *actor)
{
    char checked[VPRIV_JURISDICTION_BYTES];
    vpi_policy_head *head = NULL;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(check_place(place, checked));
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(vpi_head_change_begin(vault, &head));
    if (strcmp(head->settings.jurisdiction, checked) != 0) {
        memcpy(head->settings.jurisdiction, checked, sizeof checked);
        VPI_TRY(vpi_places_compile(vault, head, NULL));
        VPI_TRY(vpi_places_log(vault, actor, NULL, "the device is in %s", checked));
        VPI_TRY(vpi_head_change_commit(vault, head));
    }
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    return st;
}

/* home NULL, or birth NULL: that stays as it is. */
static vpriv_status move(
    vpriv_vault *vault, const uint8_t *subject, const char *home, const vpi_birth *birth)
{
    char checked[VPRIV_JURISDICTION_BYTES];
    vpi_policy_head *head = NULL;
    vpi_subject person;
    vpi_subject_place at;
    vpriv_log_entry entry = {
        .kind = VPRIV_LOG_POLICY, .purpose = VPRIV_LOG_NO_PURPOSE, .actor = "owner"};
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(subject, VPRIV_E_ARG, "no subject");
    if (home)
        VPI_TRY(check_place(home, checked));
    VPI_TRY(vpi_head_change_begin(vault, &head));
    VPI_TRY(vpi_subject_find(vault, subject, &person));
    VPI_TRY(vpi_subject_place_of(vault, &person, &at));
    if (home) {
        memcpy(at.home, checked, sizeof checked);
        VPI_TRY(vpi_places_compile(vault, head, checked));
    }
    if (birth)
        at.birth = *birth;
    VPI_TRY(vpi_subject_move(vault, &person, &at));
    snprintf(entry.reason, sizeof entry.reason, "%s", home ? "home" : "birth");
    memcpy(entry.subject, person.id, sizeof entry.subject);
    VPI_TRY(vpi_log_append(vault, &entry, &person.row, 1, NULL, NULL));
    VPI_TRY(vpi_head_change_commit(vault, head));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    return st;
}

vpriv_status vpriv_subject_set_home(vpriv_vault *vault, const uint8_t *subject, const char *place)
{
    if (!place)
        return vpi_fail(VPRIV_E_ARG, "no place");
    return move(vault, subject, place, NULL);
}

vpriv_status vpriv_subject_set_birth(
    vpriv_vault *vault, const uint8_t *subject, int year, int month)
{
    const bool forgets = year == 0 && month == 0;
    if (!forgets && (year < 1900 || year > 2399 || month < 1 || month > 12))
        return vpi_fail(VPRIV_E_ARG, "a month of birth is 1 to 12 of a year from 1900 to 2399");
    return move(vault, subject, NULL, &(vpi_birth){(uint16_t)year, (uint8_t)month});
}

static vpriv_status rules_for(
    vpriv_vault *vault, const char *place, const uint8_t *subject, vpriv_rules *rules_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_policy_head *head = NULL;
    vpi_places *places = NULL;
    vpi_policy_subject *person = NULL;
    vpriv_rules other;
    const int64_t now_us = vpi_vault_now_us(vault);
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_alloc(1, sizeof *places, (void **)&places));
    VPI_TRY(vpi_alloc(1, sizeof *person, (void **)&person));
    VPI_TRY(vpi_policy_read_head(vault, head));
    VPI_TRY(vpi_places_load(vault, head, places));
    if (place) {
        vpi_places_rules(places, place, now_us, rules_out);
    } else {
        vpi_places_here(places, head, now_us, rules_out, &other);
        vpi_rules_join(rules_out, &other);
    }
    if (subject) {
        VPI_TRY(vpi_policy_read_subject(vault, subject, person));
        vpi_places_rules(places, person->at.home, now_us, &other);
        vpi_rules_join(rules_out, &other);
    }
    st = VPRIV_OK;
out:
    free(head);
    free(places);
    free(person);
    return st;
}

vpriv_status vpriv_jurisdiction_rules(
    vpriv_vault *vault, const char *place, const uint8_t *subject, vpriv_rules *rules_out)
{
    vpriv_rules rules;
    char checked[VPRIV_JURISDICTION_BYTES];
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(rules_out, VPRIV_E_ARG, "no room for the rules");
    if (place)
        VPI_TRY(check_place(place, checked));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(rules_for(vault, place ? checked : NULL, subject, &rules));
    *rules_out = rules;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}
