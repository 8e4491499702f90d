/* What the gate refuses, and in which words: nothing of it is logged, and nothing comes out. */
#include "known.h"
#include "refused.h"
#include <voicepriv/past.h>

static char long_text[512];

static void set_up_with_a_long_text(void)
{
    set_up();
    memset(long_text, 'x', sizeof long_text - 1);
}

START_TEST(reading_is_refused)
{
    const vpriv_recording_id id = record(true);
    vpriv_reader *reader = open_it(&id);
    vpriv_packet packet = {.struct_size = sizeof packet};
    vpriv_reader_info info = {.struct_size = sizeof info};
    float pcm[8];
    size_t n = 7;
    ck_refused(vpriv_gate_read_packet(NULL, &packet), VPRIV_E_ARG, "no reader");
    ck_refused(vpriv_gate_read_packet(reader, NULL), VPRIV_E_ARG, "vpriv_packet");
    ck_refused_with(packet, struct_size, 1, vpriv_gate_read_packet(reader, &packet), VPRIV_E_ARG,
        "vpriv_packet");
    ck_refused(vpriv_gate_read_frames(reader, pcm, 8, &n), VPRIV_E_STATE, "not both");
    ck_refused(vpriv_gate_about(NULL, &info), VPRIV_E_ARG, "a reader");
    ck_refused(vpriv_gate_about(reader, NULL), VPRIV_E_ARG, "a reader");
    ck_refused_with(info, struct_size, 1, vpriv_gate_about(reader, &info), VPRIV_E_ARG, "_info");
    ck_refused(vpriv_gate_export_opus(NULL, take, &out), VPRIV_E_ARG, "a reader");
    ck_refused(vpriv_gate_export_opus(reader, NULL, NULL), VPRIV_E_ARG, "a place");
    ck_refused(vpriv_gate_export_wav(NULL, take, &out), VPRIV_E_ARG, "a reader");
    ck_refused(vpriv_gate_export_wav(reader, NULL, NULL), VPRIV_E_ARG, "a place");
    vpriv_gate_close(reader);
    reader = open_it(&id);
    ck_refused(vpriv_gate_read_frames(reader, NULL, 8, &n), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_gate_read_frames(reader, pcm, 0, &n), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_gate_read_frames(reader, pcm, 8, NULL), VPRIV_E_ARG, "no room");
    ck_refused(vpriv_gate_read_packet(reader, &packet), VPRIV_E_STATE, "not both");
    vpriv_gate_close(reader);
    vpriv_gate_close(NULL);
    ck_assert_uint_eq(n, 7);
}
END_TEST

static bool never(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)user;
    (void)index;
    (void)entry;
    ck_abort();
    return true;
}

/* Nothing that says too little is even logged. */
START_TEST(requests_are_refused)
{
    const vpriv_recording_id id = record(true);
    const vpriv_derivative_id nothing = {{1}};
    vpriv_gate_request r = {.struct_size = sizeof r, .purpose = KEEP, .actor = "test"};
    vpriv_verification verified = {.struct_size = 1};
    vpriv_past_report report = {.struct_size = 1};
    vpriv_reader *reader = NULL;
    const uint64_t before = household_print(&h);
#define OPEN vpriv_gate_open(h.vault, h.keyring, &id, &r, &reader)
#define READ vpriv_gate_read_derivative(h.vault, h.keyring, &nothing, &r, take, &out)
    ck_refused(vpriv_gate_open(NULL, h.keyring, &id, &r, &reader), VPRIV_E_ARG, "no vault");
    ck_refused(vpriv_gate_open(h.vault, NULL, &id, &r, &reader), VPRIV_E_ARG, "a keyring");
    ck_refused(vpriv_gate_open(h.vault, h.keyring, NULL, &r, &reader), VPRIV_E_ARG, "a recording");
    ck_refused(vpriv_gate_open(h.vault, h.keyring, &id, &r, NULL), VPRIV_E_ARG, "room");
    ck_refused(vpriv_gate_open(h.vault, h.keyring, &id, NULL, &reader), VPRIV_E_ARG, "a request");
    ck_refused_with(r, struct_size, 1, OPEN, VPRIV_E_ARG, "a request");
    ck_refused_with(r, purpose, (vpriv_purpose)32, OPEN, VPRIV_E_ARG, "purpose 32");
    ck_refused_with(r, actor, NULL, OPEN, VPRIV_E_ARG, "the actor");
    ck_refused_with(r, actor, long_text, OPEN, VPRIV_E_ARG, "the actor");
    ck_refused_with(r, actor, "\xff", OPEN, VPRIV_E_ARG, "the actor");
    ck_refused_with(r, reason, long_text, OPEN, VPRIV_E_ARG, "the reason");
    ck_refused_with(r, recipient, long_text, OPEN, VPRIV_E_ARG, "recipient");
    ck_refused(vpriv_gate_read_derivative(NULL, h.keyring, &nothing, &r, take, &out), VPRIV_E_ARG,
        "no vault");
    ck_refused(vpriv_gate_read_derivative(h.vault, NULL, &nothing, &r, take, &out), VPRIV_E_ARG,
        "a keyring");
    ck_refused(vpriv_gate_read_derivative(h.vault, h.keyring, NULL, &r, take, &out), VPRIV_E_ARG,
        "a derivative");
    ck_refused(vpriv_gate_read_derivative(h.vault, h.keyring, &nothing, &r, NULL, NULL),
        VPRIV_E_ARG, "where to write");
    ck_refused_with(r, actor, "", READ, VPRIV_E_ARG, "the actor");
    ck_refused(READ, VPRIV_E_NOT_FOUND, "");
    ck_refused(vpriv_gate_who_heard(h.vault, NULL, never, NULL), VPRIV_E_ARG, "a recording");
    ck_refused(vpriv_gate_who_heard(h.vault, &id, NULL, NULL), VPRIV_E_ARG, "a callback");
    ck_refused(vpriv_vault_verify(h.vault, NULL, NULL, NULL, NULL), VPRIV_E_ARG, "_verification");
    ck_refused(
        vpriv_vault_verify(h.vault, NULL, NULL, NULL, &verified), VPRIV_E_ARG, "_verification");
    verified.struct_size = sizeof verified;
    ck_refused(vpriv_vault_verify(NULL, NULL, NULL, NULL, &verified), VPRIV_E_ARG, "no vault");
#define APPLY(purpose, actor, report)                                                              \
    vpriv_consent_apply_to_past(h.vault, h.keyring, h.ada, purpose, actor, NULL, NULL, report)
    ck_refused(APPLY(VPRIV_PURPOSE_LEGAL_OBLIGATION, "ada", NULL), VPRIV_E_ARG, "not kept for");
    ck_refused(APPLY(KEEP, long_text, NULL), VPRIV_E_ARG, "the actor");
    ck_refused(APPLY(KEEP, "ada", &report), VPRIV_E_ARG, "vpriv_past_report");
    ck_assert_ptr_null(reader);
    ck_assert_uint_eq(out.n, 0);
    ck_assert(household_print(&h) == before);
}
END_TEST

START_TEST(a_keyring_of_another_vault_opens_nothing)
{
    household other;
    const vpriv_recording_id id = record(true);
    household_open(&other, HOUSEHOLD_FORGETS);
    ck_refused(household_hear_in(h.vault, other.keyring, &id, KEEP, NULL), VPRIV_E_NO_KEY,
        "no key of this vault");
    household_close(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate: refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_checked_fixture(tcase, set_up_with_a_long_text, tear_down);
    tcase_add_test(tcase, reading_is_refused);
    tcase_add_test(tcase, requests_are_refused);
    tcase_add_test(tcase, a_keyring_of_another_vault_opens_nothing);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
