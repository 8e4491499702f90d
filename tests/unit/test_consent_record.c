#include "consent/record.h"
#include "unit.h"
#include <sodium.h>
#include <stdio.h>

#define SIZE VPI_CONSENT_RECORD_BYTES_MAX
#define TIME INT64_C(1795248000000000)

static vpriv_consent_record example(void)
{
    vpriv_consent_record record = {.struct_size = sizeof record,
        .subject_class = VPRIV_SUBJECT_USER,
        .controller_id = "maker",
        .n_parties = 2,
        .parties = {{.id = "maker",
                        .name = "Example Ger\xc3\xa4te GmbH",
                        .country = "DE",
                        .contact = "privacy@example.com",
                        .role = VPRIV_PARTY_CONTROLLER},
            {.id = "ears",
                .name = "Example Reviews Ltd",
                .country = "IE",
                .role = VPRIV_PARTY_PROCESSOR}},
        .n_recipients = 1,
        .recipients = {"ears"},
        .n_jurisdictions = 2,
        .jurisdictions = {"DE", "US-CA"},
        .n_laws = 1,
        .laws = {"https://w3id.org/dpv/legal/eu#law-GDPR"},
        .notice = {.id = "review", .version = "2026-11", .language = "de", .sha256 = {1}},
        .purpose = VPRIV_PURPOSE_HUMAN_REVIEW,
        .legal_basis = VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT,
        .operations = VPRIV_PROCESSING_STORE | VPRIV_PROCESSING_LISTEN,
        .human_involvement = VPRIV_HUMAN_INVOLVED,
        .storage_device = "kitchen speaker",
        .storage_country = "DE",
        .retention = "P3M",
        .withdrawal = "Settings, Privacy, or say \"stop keeping my recordings\"",
        .event = {.state = VPRIV_CONSENT_GIVEN,
            .by = VPRIV_CONSENT_BY_PERSON,
            .method = VPRIV_CONSENT_METHOD_TAP,
            .time_us = TIME,
            .valid_until_us = TIME + 1,
            .surface_sequence = 7,
            .surface = "app"},
        .covers_past = true,
        .max_sample_ppm = 2000,
        .max_uses = 10,
        .uses = 3,
        .policy_epoch = 12,
        .previous_hash = {9}};
    memset(record.subject, 0x5a, sizeof record.subject);
    memset(record.record_id, 0xff, sizeof record.record_id);
    vpi_uuid4_stamp(record.record_id);
    return record;
}

static void fill_text(char *field, size_t capacity)
{
    memset(field, 'w', capacity - 1);
}

#define FILL(field) fill_text((field), sizeof(field))

/* Everything as long as it can be. */
static vpriv_consent_record largest(void)
{
    vpriv_consent_record record = example();
    record.n_parties = VPRIV_PARTIES_MAX;
    record.n_recipients = VPRIV_RECIPIENTS_MAX;
    for (size_t i = 0; i < VPRIV_PARTIES_MAX; i++) {
        vpriv_party *party = &record.parties[i];
        FILL(party->id);
        party->id[0] = (char)('a' + i);
        FILL(party->name);
        FILL(party->contact);
        memcpy(party->country, "DE", 3);
        party->role = VPRIV_PARTY_CONTROLLER;
        memcpy(record.recipients[i], party->id, sizeof party->id);
    }
    memcpy(record.controller_id, record.parties[0].id, sizeof record.controller_id);
    record.n_jurisdictions = VPRIV_JURISDICTIONS_MAX;
    record.n_laws = VPRIV_LAWS_MAX;
    for (size_t i = 0; i < VPRIV_LAWS_MAX; i++) {
        memcpy(record.jurisdictions[i], "GB-ENG", 7);
        FILL(record.laws[i]);
        record.laws[i][1] = ':';
    }
    FILL(record.notice.id);
    FILL(record.notice.version);
    memcpy(record.notice.language, "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddd", 36);
    record.notice.language[35] = '\0';
    FILL(record.storage_device);
    memcpy(record.retention, "P999999Y999999M999999DT99999H9M", 32);
    FILL(record.withdrawal);
    FILL(record.event.surface);
    return record;
}

static size_t encode(const vpriv_consent_record *record, uint8_t *encoding_out)
{
    size_t n_bytes = 0;
    ck_ok(vpi_consent_record_encode(record, encoding_out, SIZE, &n_bytes));
    return n_bytes;
}

static void ck_round_trip(const vpriv_consent_record *record)
{
    uint8_t encoding[SIZE], again[SIZE];
    vpriv_consent_record read;
    const size_t n_bytes = encode(record, encoding);
    memset(&read, 0xa5, sizeof read);
    ck_ok(vpi_consent_record_decode(encoding, n_bytes, &read));
    ck_assert_uint_eq(encode(&read, again), n_bytes);
    ck_assert_mem_eq(encoding, again, n_bytes);
}

START_TEST(record_round_trip_keeps_every_field)
{
    uint8_t encoding[SIZE];
    const vpriv_consent_record a = example();
    vpriv_consent_record b;
    ck_ok(vpi_consent_record_decode(encoding, encode(&a, encoding), &b));
    ck_assert_uint_eq(b.struct_size, sizeof b);
    ck_assert_mem_eq(b.record_id, a.record_id, sizeof a.record_id);
    ck_assert_mem_eq(b.subject, a.subject, sizeof a.subject);
    ck_assert_int_eq(b.subject_class, a.subject_class);
    ck_assert_str_eq(b.controller_id, a.controller_id);
    ck_assert_uint_eq(b.n_parties, a.n_parties);
    for (size_t i = 0; i < VPRIV_PARTIES_MAX; i++) {
        ck_assert_str_eq(b.parties[i].id, a.parties[i].id);
        ck_assert_str_eq(b.parties[i].name, a.parties[i].name);
        ck_assert_str_eq(b.parties[i].country, a.parties[i].country);
        ck_assert_str_eq(b.parties[i].contact, a.parties[i].contact);
        ck_assert_int_eq(b.parties[i].role, a.parties[i].role);
    }
    ck_assert_uint_eq(b.n_recipients, a.n_recipients);
    ck_assert_mem_eq(b.recipients, a.recipients, sizeof a.recipients);
    ck_assert_uint_eq(b.n_jurisdictions, a.n_jurisdictions);
    ck_assert_mem_eq(b.jurisdictions, a.jurisdictions, sizeof a.jurisdictions);
    ck_assert_uint_eq(b.n_laws, a.n_laws);
    ck_assert_mem_eq(b.laws, a.laws, sizeof a.laws);
    ck_assert_str_eq(b.notice.id, a.notice.id);
    ck_assert_str_eq(b.notice.version, a.notice.version);
    ck_assert_str_eq(b.notice.language, a.notice.language);
    ck_assert_mem_eq(b.notice.sha256, a.notice.sha256, sizeof a.notice.sha256);
    ck_assert_int_eq(b.purpose, a.purpose);
    ck_assert_int_eq(b.legal_basis, a.legal_basis);
    ck_assert_uint_eq(b.operations, a.operations);
    ck_assert_int_eq(b.human_involvement, a.human_involvement);
    ck_assert_str_eq(b.storage_device, a.storage_device);
    ck_assert_str_eq(b.storage_country, a.storage_country);
    ck_assert_str_eq(b.retention, a.retention);
    ck_assert_str_eq(b.withdrawal, a.withdrawal);
    ck_assert_int_eq(b.event.state, a.event.state);
    ck_assert_int_eq(b.event.by, a.event.by);
    ck_assert_int_eq(b.event.method, a.event.method);
    ck_assert_int_eq(b.event.time_us, a.event.time_us);
    ck_assert_int_eq(b.event.valid_until_us, a.event.valid_until_us);
    ck_assert_uint_eq(b.event.surface_sequence, a.event.surface_sequence);
    ck_assert_str_eq(b.event.surface, a.event.surface);
    ck_assert_int_eq(b.covers_past, a.covers_past);
    ck_assert_uint_eq(b.max_sample_ppm, a.max_sample_ppm);
    ck_assert_uint_eq(b.max_uses, a.max_uses);
    ck_assert_uint_eq(b.uses, a.uses);
    ck_assert_uint_eq(b.policy_epoch, a.policy_epoch);
    ck_assert_mem_eq(b.previous_hash, a.previous_hash, sizeof a.previous_hash);
}
END_TEST

START_TEST(record_of_every_purpose_and_state_goes_round)
{
    for (int purpose = 0; purpose < VPRIV_PURPOSES_MAX; purpose++) {
        const vpriv_purpose_info *info = vpriv_purpose_about((vpriv_purpose)purpose);
        vpriv_consent_record record = example();
        record.purpose = (vpriv_purpose)purpose;
        record.legal_basis = info->is_explicit ? VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT
                             : info->basis == VPRIV_PURPOSE_BASIS_CONSENT
                                 ? VPRIV_LEGAL_BASIS_CONSENT
                                 : VPRIV_LEGAL_BASIS_LEGAL_OBLIGATION;
        if (purpose == VPRIV_PURPOSE_IMPROVE_BY_MACHINE)
            record.human_involvement = VPRIV_HUMAN_NOT_INVOLVED;
        if (info->uses_max)
            record.max_uses = record.uses = info->uses_max;
        ck_round_trip(&record);
    }
    for (int state = VPRIV_CONSENT_REQUESTED; state <= VPRIV_CONSENT_RENEWED; state++) {
        vpriv_consent_record record = example();
        record.event.state = (vpriv_consent_state)state;
        if (state == VPRIV_CONSENT_REVOKED || state == VPRIV_CONSENT_EXPIRED ||
            state == VPRIV_CONSENT_INVALIDATED)
            record.event.by = VPRIV_CONSENT_BY_CONTROLLER;
        ck_round_trip(&record);
    }
}
END_TEST

START_TEST(record_smallest_and_largest_go_round)
{
    uint8_t encoding[SIZE];
    vpriv_consent_record record = largest();
    ck_assert_uint_eq(strlen(record.retention), VPRIV_RETENTION_BYTES - 1);
    ck_round_trip(&record);
    ck_assert_uint_eq(encode(&record, encoding), SIZE);
    ck_fails(vpi_consent_record_encode(&record, encoding, SIZE - 1, &(size_t){0}), VPRIV_E_LIMIT);
    record = example();
    record.n_parties = 1;
    record.n_recipients = record.n_laws = 0;
    record.n_jurisdictions = 1;
    record.storage_country[0] = '\0';
    record.parties[0].contact[0] = '\0';
    record.event.valid_until_us = 0;
    record.max_uses = record.uses = 0;
    memset(record.previous_hash, 0, sizeof record.previous_hash);
    memcpy(record.retention, VPRIV_RETENTION_UNTIL_ERASED, sizeof VPRIV_RETENTION_UNTIL_ERASED);
    ck_round_trip(&record);
}
END_TEST

START_TEST(record_size_hides_small_differences_of_length)
{
    uint8_t encoding[SIZE];
    vpriv_consent_record record = example();
    const size_t n_bytes = encode(&record, encoding);
    record.parties[0].name[3] = '\0';
    ck_assert_uint_eq(encode(&record, encoding), n_bytes);
    ck_assert_uint_eq(n_bytes % VPI_CONSENT_RECORD_STEP, 0);
}
END_TEST

START_TEST(record_rubbish_behind_texts_and_lists_does_not_matter)
{
    uint8_t encoding[SIZE], again[SIZE];
    vpriv_consent_record record = example();
    const size_t n_bytes = encode(&record, encoding);
    memset(record.parties[0].id + 6, 0xff, 10);
    memset(&record.parties[2], 0xff, sizeof record.parties[2]);
    memset(record.recipients[1], 0xff, sizeof record.recipients[1]);
    ck_assert_uint_eq(encode(&record, again), n_bytes);
    ck_assert_mem_eq(encoding, again, n_bytes);
}
END_TEST

START_TEST(record_every_truncation_and_extension_is_refused)
{
    uint8_t encoding[SIZE + VPI_CONSENT_RECORD_STEP] = {0};
    vpriv_consent_record record = example(), read = {.uses = 77};
    const size_t n_bytes = encode(&record, encoding);
    for (size_t n = 0; n < sizeof encoding; n++)
        if (n != n_bytes)
            ck_fails(vpi_consent_record_decode(encoding, n, &read), VPRIV_E_FORMAT);
    ck_assert_uint_eq(read.uses, 77);
    ck_fails(vpi_consent_record_decode(NULL, 0, &read), VPRIV_E_FORMAT);
    ck_fails(vpi_consent_record_decode(NULL, n_bytes, &read), VPRIV_E_FORMAT);
    ck_fails(vpi_consent_record_decode(encoding, n_bytes, NULL), VPRIV_E_ARG);
}
END_TEST

static void flip_every_bit(const vpriv_consent_record *record)
{
    uint8_t encoding[SIZE], again[SIZE];
    uint8_t hash[VPRIV_SHA256_BYTES], other_hash[VPRIV_SHA256_BYTES];
    vpriv_consent_record read;
    const size_t n_bytes = encode(record, encoding);
    size_t n_refused = 0, n_other = 0;
    ck_ok(vpi_consent_record_hash(record, hash));
    for (size_t bit = 0; bit < n_bytes * 8; bit++) {
        encoding[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const vpriv_status st = vpi_consent_record_decode(encoding, n_bytes, &read);
        if (st == VPRIV_OK) {
            ck_assert_uint_eq(encode(&read, again), n_bytes);
            ck_assert_mem_eq(encoding, again, n_bytes); /* so it is not the record from before */
            ck_ok(vpi_consent_record_hash(&read, other_hash));
            ck_assert_mem_ne(hash, other_hash, sizeof hash);
            n_other++;
        } else {
            ck_assert_msg(st == VPRIV_E_FORMAT || st == VPRIV_E_VERSION, "bit %zu: %d", bit, st);
            n_refused++;
        }
        encoding[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(n_refused, 0);
    ck_assert_uint_gt(n_other, 0);
}

START_TEST(record_every_flipped_bit_is_refused_or_another_record)
{
    const vpriv_consent_record small = example(), large = largest();
    flip_every_bit(&small);
    flip_every_bit(&large);
}
END_TEST

START_TEST(record_a_truth_is_zero_or_one)
{
    uint8_t encoding[SIZE], other[SIZE];
    vpriv_consent_record record = example(), read;
    const size_t n_bytes = encode(&record, encoding);
    record.covers_past = false;
    ck_assert_uint_eq(encode(&record, other), n_bytes);
    size_t at = 0;
    while (encoding[at] == other[at])
        at++;
    ck_assert_uint_eq(encoding[at], 1);
    for (unsigned value = 2; value < 256; value++) {
        encoding[at] = (uint8_t)value;
        ck_fails(vpi_consent_record_decode(encoding, n_bytes, &read), VPRIV_E_FORMAT);
    }
}
END_TEST

START_TEST(record_lists_longer_than_their_room_are_refused)
{
    uint8_t encoding[SIZE], longer[SIZE];
    vpriv_consent_record record = example(), read;
    record.n_recipients = VPRIV_RECIPIENTS_MAX;
    for (size_t i = 0; i < VPRIV_RECIPIENTS_MAX; i++)
        memcpy(record.recipients[i], "ears", 5);
    const size_t n_bytes = encode(&record, encoding);
    static const uint8_t start[] = {VPRIV_RECIPIENTS_MAX, 4, 0, 'e', 'a', 'r', 's'};
    const uint8_t *list = memmem(encoding, n_bytes, start, sizeof start);
    ck_assert_ptr_nonnull(list);
    const size_t at = (size_t)(list - encoding);
    memcpy(longer, encoding, at + sizeof start); /* one recipient more, for six zeros less */
    memcpy(longer + at + sizeof start, encoding + at + 1, n_bytes - at - sizeof start);
    ck_fails(vpi_consent_record_decode(longer, n_bytes, &read), VPRIV_E_FORMAT);
    longer[at] = VPRIV_RECIPIENTS_MAX + 1;
    ck_fails(vpi_consent_record_decode(longer, n_bytes, &read), VPRIV_E_FORMAT);
    for (unsigned value = 0; value < 256; value++) {
        encoding[at] = (uint8_t)value;
        const vpriv_status st = vpi_consent_record_decode(encoding, n_bytes, &read);
        ck_assert_int_eq(st, value == VPRIV_RECIPIENTS_MAX ? VPRIV_OK : VPRIV_E_FORMAT);
    }
}
END_TEST

START_TEST(record_hash_is_that_of_the_encoding)
{
    uint8_t encoding[SIZE], hash[VPRIV_SHA256_BYTES], wanted[VPRIV_SHA256_BYTES];
    vpriv_consent_record record = example();
    crypto_hash_sha256(wanted, encoding, encode(&record, encoding));
    ck_ok(vpi_consent_record_hash(&record, hash));
    ck_assert_mem_eq(hash, wanted, sizeof hash);
    ck_fails(vpi_consent_record_hash(&record, NULL), VPRIV_E_ARG);
    record.purpose = (vpriv_purpose)99;
    ck_fails(vpi_consent_record_hash(&record, hash), VPRIV_E_ARG);
}
END_TEST

START_TEST(record_encoding_has_not_changed)
{
    /* Records are kept for years and their hashes are in the log: a new encoding needs a new
     * version. The hash was computed from the description of the format by a separate program. */
    uint8_t hash[VPRIV_SHA256_BYTES];
    char text[2 * VPRIV_SHA256_BYTES + 1];
    const vpriv_consent_record record = example();
    ck_ok(vpi_consent_record_hash(&record, hash));
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    ck_assert_str_eq(text, "509d74f42e29431fff139d6c5d618db2bcab49ae47718bc28d40df321f8840d4");
}
END_TEST

START_TEST(record_of_a_later_version_says_so)
{
    uint8_t encoding[SIZE];
    vpriv_consent_record record = example();
    const size_t n_bytes = encode(&record, encoding);
    encoding[4] = VPI_CONSENT_RECORD_VERSION + 1;
    ck_fails(vpi_consent_record_decode(encoding, n_bytes, &record), VPRIV_E_VERSION);
    encoding[4] = 0;
    ck_fails(vpi_consent_record_decode(encoding, n_bytes, &record), VPRIV_E_FORMAT);
}
END_TEST

static void ck_bad(const vpriv_consent_record *record, const char *word, const char *change)
{
    uint8_t encoding[SIZE];
    size_t n_bytes = 77;
    const vpriv_status st = vpi_consent_record_encode(record, encoding, SIZE, &n_bytes);
    ck_assert_msg(st == VPRIV_E_ARG, "%s gave %d", change, (int)st);
    ck_assert_msg(strstr(vpriv_error_detail(), word), "%s: \"%s\" does not say \"%s\"", change,
        vpriv_error_detail(), word);
    ck_assert_uint_eq(n_bytes, 77);
}

#define BAD(word, change)                                                                          \
    do {                                                                                           \
        vpriv_consent_record r = example();                                                        \
        change;                                                                                    \
        ck_bad(&r, word, #change);                                                                 \
    } while (0)

START_TEST(record_people_incomplete_or_contradictory_are_refused_by_name)
{
    BAD("struct_size", r.struct_size--);
    BAD("struct_size", r.struct_size++);
    BAD("record_id", memset(r.record_id, 0, 16));
    BAD("record_id", r.record_id[6] = 0x1f);
    BAD("subject", memset(r.subject, 0, 16));
    BAD("subject_class", r.subject_class = (vpriv_subject_class)5);
    BAD("n_parties", r.n_parties = 0);
    BAD("n_parties", r.n_parties = 9);
    BAD("id is empty", r.parties[1].id[0] = '\0');
    BAD("name is empty", r.parties[1].name[0] = '\0');
    BAD("name", r.parties[1].name[0] = '\n');
    BAD("name", r.parties[1].name[0] = (char)0xe4);
    BAD("name", memset(r.parties[1].name, 'x', sizeof r.parties[1].name));
    BAD("contact", r.parties[1].contact[0] = '\x1b');
    BAD("country", r.parties[1].country[0] = 'i');
    BAD("role", r.parties[1].role = VPRIV_PARTY_UNKNOWN);
    BAD("role", r.parties[1].role = (vpriv_party_role)5);
    BAD("one id", memcpy(r.parties[1].id, "maker", 6));
    BAD("controller", memcpy(r.controller_id, "other", 6));
    BAD("controller", memcpy(r.controller_id, "ears", 5));
    BAD("controller", r.controller_id[0] = '\0');
    BAD("n_recipients", r.n_recipients = 9);
    BAD("recipient", memcpy(r.recipients[0], "nobody", 7));
    uint8_t encoding[SIZE];
    size_t n_bytes = 0;
    const vpriv_consent_record good = example();
    ck_fails(vpi_consent_record_encode(NULL, encoding, SIZE, &n_bytes), VPRIV_E_ARG);
    ck_fails(vpi_consent_record_encode(&good, NULL, SIZE, &n_bytes), VPRIV_E_ARG);
    ck_fails(vpi_consent_record_encode(&good, encoding, SIZE, NULL), VPRIV_E_ARG);
    ck_fails(vpi_consent_record_encode(&good, encoding, 0, &n_bytes), VPRIV_E_LIMIT);
}
END_TEST

START_TEST(record_terms_incomplete_or_contradictory_are_refused_by_name)
{
    BAD("n_jurisdictions", r.n_jurisdictions = 0);
    BAD("n_jurisdictions", r.n_jurisdictions = 5);
    BAD("jurisdiction", r.jurisdictions[1][0] = 'u');
    BAD("n_laws", r.n_laws = 5);
    BAD("law", memcpy(r.laws[0], "GDPR", 5));
    BAD("id", r.notice.id[0] = '\0');
    BAD("version", r.notice.version[0] = '\0');
    BAD("language", memcpy(r.notice.language, "d!", 3));
    BAD("no hash", r.notice.sha256[0] = 0);
    BAD("purpose", r.purpose = (vpriv_purpose)32);
    BAD("legal_basis", r.legal_basis = VPRIV_LEGAL_BASIS_UNKNOWN);
    BAD("legal_basis", r.legal_basis = (vpriv_legal_basis)8);
    BAD("legal_basis", r.legal_basis = VPRIV_LEGAL_BASIS_CONSENT); /* review must be explicit */
    BAD("legal_basis", r.legal_basis = VPRIV_LEGAL_BASIS_LEGITIMATE_INTEREST);
    BAD("legal_basis", r.purpose = VPRIV_PURPOSE_LEGAL_OBLIGATION); /* not by consent */
    BAD("operations", r.operations = 0);
    BAD("operations", r.operations = 1 << 7);
    BAD("human_involvement", r.human_involvement = VPRIV_HUMAN_UNKNOWN);
    BAD("human_involvement", r.human_involvement = (vpriv_human_involvement)5);
    BAD("human_involvement", r.human_involvement = VPRIV_HUMAN_NOT_INVOLVED);
    BAD("human_involvement", r.purpose = VPRIV_PURPOSE_IMPROVE_BY_MACHINE);
    BAD("max_sample_ppm", r.max_sample_ppm = 1000001);
    BAD("uses", r.uses = 11);
    BAD("max_uses", r.purpose = VPRIV_PURPOSE_DIAGNOSE_FAULT); /* once only */
    BAD("storage_device", r.storage_device[0] = '\0');
    BAD("storage_country", r.storage_country[0] = 'd');
    BAD("retention", r.retention[0] = '\0');
    BAD("retention", memcpy(r.retention, "3 months", 9));
    BAD("withdrawal", r.withdrawal[0] = '\0');
}
END_TEST

START_TEST(record_events_incomplete_or_contradictory_are_refused_by_name)
{
    BAD("state", r.event.state = VPRIV_CONSENT_UNKNOWN);
    BAD("state", r.event.state = (vpriv_consent_state)10);
    BAD("by whom", r.event.by = VPRIV_CONSENT_BY_UNKNOWN);
    BAD("by whom", r.event.by = (vpriv_consent_by)6);
    BAD("give is for the person", r.event.by = VPRIV_CONSENT_BY_CONTROLLER);
    BAD("revoke is for the controller", r.event.state = VPRIV_CONSENT_REVOKED);
    BAD("method", r.event.method = VPRIV_CONSENT_METHOD_UNKNOWN);
    BAD("method", r.event.method = (vpriv_consent_method)6);
    BAD("time", r.event.time_us = 0);
    BAD("time", r.event.time_us = INT64_C(13601088000000000));
    BAD("valid_until", r.event.valid_until_us = r.event.time_us);
    BAD("valid_until", r.event.valid_until_us = INT64_MAX);
    BAD("valid_until", r.event.valid_until_us = -1);
    BAD("surface", r.event.surface[0] = '\0');
}
END_TEST

START_TEST(record_ids_are_uuids)
{
    uint8_t id[16];
    memset(id, 0, sizeof id);
    ck_assert(!vpi_uuid4_is_valid(id));
    vpi_uuid4_stamp(id);
    ck_assert(vpi_uuid4_is_valid(id));
    ck_assert_uint_eq(id[6], 0x40);
    ck_assert_uint_eq(id[8], 0x80);
    memset(id, 0xff, sizeof id);
    vpi_uuid4_stamp(id);
    ck_assert(vpi_uuid4_is_valid(id));
    ck_assert_uint_eq(id[6], 0x4f);
    ck_assert_uint_eq(id[8], 0xbf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consent: records");
    TCase *tc = tcase_create("record");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, record_round_trip_keeps_every_field);
    tcase_add_test(tc, record_of_every_purpose_and_state_goes_round);
    tcase_add_test(tc, record_smallest_and_largest_go_round);
    tcase_add_test(tc, record_size_hides_small_differences_of_length);
    tcase_add_test(tc, record_rubbish_behind_texts_and_lists_does_not_matter);
    tcase_add_test(tc, record_every_truncation_and_extension_is_refused);
    tcase_add_test(tc, record_every_flipped_bit_is_refused_or_another_record);
    tcase_add_test(tc, record_a_truth_is_zero_or_one);
    tcase_add_test(tc, record_lists_longer_than_their_room_are_refused);
    tcase_add_test(tc, record_hash_is_that_of_the_encoding);
    tcase_add_test(tc, record_encoding_has_not_changed);
    tcase_add_test(tc, record_of_a_later_version_says_so);
    tcase_add_test(tc, record_people_incomplete_or_contradictory_are_refused_by_name);
    tcase_add_test(tc, record_terms_incomplete_or_contradictory_are_refused_by_name);
    tcase_add_test(tc, record_events_incomplete_or_contradictory_are_refused_by_name);
    tcase_add_test(tc, record_ids_are_uuids);
    suite_add_tcase(suite, tc);
    return unit_main(suite);
}
