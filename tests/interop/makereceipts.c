/* Makes receipts of every kind in a folder, for others to check: NAME.jws beside device.jwk, and one
 * document, every.json, in which each value of each enumeration comes up once.
 *
 *     makereceipts FOLDER */
#include "../unit/household.h"
#include "share/document.h"
#include <errno.h>
#include <stdio.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static household h;
static const char *folder;

static vpriv_status to_file(void *file, const void *bytes, size_t n_bytes)
{
    return fwrite(bytes, 1, n_bytes, file) == n_bytes ? VPRIV_OK : VPRIV_E_IO;
}

static FILE *file_for(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wxe");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    return file;
}

static void close_file(FILE *file)
{
    ck_assert_int_eq(fclose(file), 0);
}

static void sign(const char *name, const vpriv_receipt *receipts, size_t n,
    const vpriv_receipt_statement *statement)
{
    FILE *file = file_for(name);
    ck_ok(vpriv_receipt_sign(h.vault, receipts, n, statement, to_file, file));
    close_file(file);
}

static void from_log(const char *name, uint64_t first, size_t n)
{
    const uint64_t indexes[2] = {first, first + 1};
    FILE *file = file_for(name);
    ck_ok(vpriv_receipt_from_log(h.vault, indexes, n, to_file, file));
    close_file(file);
}

static uint64_t log_size(void)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(vpriv_vault_about(h.vault, &info));
    return info.log_size;
}

static vpriv_receipt say(vpriv_purpose purpose, vpriv_consent_event event, vpriv_consent_by by)
{
    static const char *const lab[] = {"lab"};
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence,
        .by = by,
        .notice_id = "house",
        .recipients = lab,
        .n_recipients = 1,
        .valid_until_us = h.cell->now_us + 30 * DAY_US};
    ck_ok(vpriv_consent_record_event(h.vault, h.ada, purpose, event, &evidence, &receipt));
    household_pass(&h, SECOND_US);
    return receipt;
}

static void make_consents(void)
{
    const vpriv_receipt both[2] = {say(KEEP, VPRIV_CONSENT_EVENT_GIVE, VPRIV_CONSENT_BY_PERSON),
        say(VPRIV_PURPOSE_SPEAKER_IDENTIFICATION, VPRIV_CONSENT_EVENT_GIVE,
            VPRIV_CONSENT_BY_PARENT)};
    sign("consent-given.jws", both, 2, NULL);
    const vpriv_receipt refused =
        say(VPRIV_PURPOSE_DONATION, VPRIV_CONSENT_EVENT_REFUSE, VPRIV_CONSENT_BY_PERSON);
    sign("consent-refused.jws", &refused, 1, NULL);
    const vpriv_receipt withdrawn = say(VPRIV_PURPOSE_SPEAKER_IDENTIFICATION,
        VPRIV_CONSENT_EVENT_WITHDRAW, VPRIV_CONSENT_BY_GUARDIAN);
    sign("consent-withdrawn.jws", &withdrawn, 1, NULL);
    from_log("consent-from-log.jws", withdrawn.log_index, 1);
}

static void open_for(const vpriv_recording_id *id, const char *recipient, vpriv_status wanted)
{
    vpriv_reader *reader = NULL;
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = KEEP,
        .actor = "prüfer \"7\" \\ 音",
        .reason = "quality",
        .recipient = recipient};
    ck_fails(vpriv_gate_open(h.vault, h.keyring, id, &request, &reader), wanted);
    vpriv_gate_close(reader);
}

static uint64_t make_accesses(const vpriv_recording_id *id)
{
    const uint64_t first = log_size();
    open_for(id, NULL, VPRIV_OK);
    open_for(id, "nobody", VPRIV_E_CONSENT);
    open_for(id, "lab", VPRIV_OK);
    from_log("access-permitted.jws", first, 1);
    from_log("access-refused.jws", first + 1, 1);
    from_log("disclosure.jws", first + 2, 1);
    from_log("disclosure-of-nobody.jws", first + 3, 1);
    return first + 3;
}

/* What "lab" got is asked back once its recording is gone; the disclosure lies behind the access. */
static void make_recalls(uint64_t disclosure)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_recall_ask(h.vault, disclosure, "privacy team", &receipt));
    sign("recall.jws", &receipt, 1, NULL);
    ck_ok(vpriv_recall_acknowledge(h.vault, disclosure, "lab", VPRIV_RECALL_NOT_DELETED, &receipt));
    sign("recall-not-deleted.jws", &receipt, 1, NULL);
    ck_ok(vpriv_recall_acknowledge(h.vault, disclosure, "lab", VPRIV_RECALL_DELETED, &receipt));
    from_log("recall-deleted.jws", receipt.log_index, 1);
}

static void make_erasures(const vpriv_recording_id *id)
{
    static const char *const told[] = {"lab"};
    const vpriv_receipt_statement statement = {.struct_size = sizeof statement,
        .subject = h.ada,
        .recipients_told = told,
        .n_recipients_told = 1};
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    ck_ok(vpriv_vault_erase(h.vault, id, 1, &receipt));
    sign("erasure.jws", &receipt, 1, &statement);
    from_log("erasure-from-log.jws", receipt.log_index, 1);
    ck_ok(vpriv_subject_erase(h.vault, h.ada, &receipt));
    sign("erasure-of-person.jws", &receipt, 1, NULL);
}

static void make_pauses(void)
{
    const uint64_t first = log_size();
    const uint32_t purposes =
        VPRIV_PURPOSE_BIT(KEEP) | VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW);
    ck_ok(vpriv_purpose_pause(h.vault, purposes, "privacy team", "an inquiry"));
    ck_ok(vpriv_purpose_resume(h.vault, purposes, "privacy team", NULL));
    from_log("pause.jws", first, 2);
    from_log("pause-end.jws", first + 2, 2);
}

/* A record for each value of the longest enumeration; the shorter ones begin anew. */
static void vary(size_t i, vpriv_consent_record *record)
{
    record->struct_size = sizeof *record;
    memset(record->record_id, (int)i + 1, sizeof record->record_id);
    memset(record->subject, 1, sizeof record->subject);
    record->subject_class = (vpriv_subject_class)(i % 5);
    record->purpose = (vpriv_purpose)i;
    record->legal_basis = (vpriv_legal_basis)(1 + i % 7);
    record->operations = VPRIV_PROCESSING_ALL;
    record->human_involvement = (vpriv_human_involvement)(1 + i % 4);
    record->event.state = (vpriv_consent_state)(i % 10);
    record->event.by = (vpriv_consent_by)(1 + i % 4);
    record->event.method = (vpriv_consent_method)(1 + i % 5);
    record->event.time_us = HOUSEHOLD_START_US;
    record->event.valid_until_us = i % 2 ? HOUSEHOLD_START_US + DAY_US : 0;
    snprintf(record->controller_id, sizeof record->controller_id, "party 0");
    record->n_parties = 4;
    for (int p = 0; p < 4; p++) {
        snprintf(record->parties[p].id, sizeof record->parties[p].id, "party %d", p);
        snprintf(record->parties[p].name, sizeof record->parties[p].name, "Party %d", p);
        snprintf(record->parties[p].country, sizeof record->parties[p].country, "DE");
        snprintf(record->parties[p].contact, sizeof record->parties[p].contact, "p%d@example", p);
        record->parties[p].role = (vpriv_party_role)(1 + p);
    }
    record->n_recipients = 1;
    snprintf(record->recipients[0], sizeof record->recipients[0], "party 2");
    record->n_jurisdictions = 1;
    snprintf(record->jurisdictions[0], sizeof record->jurisdictions[0], "DE");
    record->n_laws = 1;
    snprintf(record->laws[0], sizeof record->laws[0], "https://example.org/law");
    snprintf(record->storage_device, sizeof record->storage_device, "speaker");
    snprintf(record->storage_country, sizeof record->storage_country, "DE");
    snprintf(record->retention, sizeof record->retention, i % 2 ? "P3M" : "until-erased");
    snprintf(record->withdrawal, sizeof record->withdrawal, "In the app.");
    record->previous_hash[0] = (uint8_t)(i % 2);
}

static void make_every(void)
{
    vpi_receipt_facts *facts = calloc(1, sizeof *facts);
    char *text = NULL;
    size_t n_bytes = 0;
    facts->kind = VPRIV_RECEIPT_CONSENT;
    facts->n_leaves = VPRIV_PURPOSES_MAX;
    for (size_t i = 0; i < facts->n_leaves; i++) {
        facts->leaves[i].index = i;
        facts->leaves[i].entry.time_us = HOUSEHOLD_START_US;
        vary(i, &facts->records[i]);
    }
    ck_ok(vpi_document_make(facts, &text, &n_bytes));
    FILE *file = file_for("every.json");
    ck_ok(to_file(file, text, n_bytes));
    close_file(file);
    free(text);
    free(facts);
}

START_TEST(make)
{
    char jwk[VPRIV_JWK_BYTES];
    household_open(&h, HOUSEHOLD_FORGETS);
    ck_ok(vpriv_receipt_jwk(h.vault, jwk));
    FILE *file = file_for("device.jwk");
    ck_ok(to_file(file, jwk, strlen(jwk)));
    close_file(file);
    make_consents();
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const uint64_t disclosure = make_accesses(&id);
    make_pauses();
    make_erasures(&id);
    make_recalls(disclosure);
    make_every();
    household_close(&h);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("receipts for others");
    TCase *tests = tcase_create("make");
    if (argc != 2) {
        fprintf(stderr, "usage: makereceipts FOLDER\n");
        return 2;
    }
    folder = argv[1];
    tcase_add_test(tests, make);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
