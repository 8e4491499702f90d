/* What is shown to others: inventory, portable export, receipts, recalls. */
#include "fault/sweep.h"
#include <voicepriv/inventory.h>
#include <voicepriv/recall.h>
#include <voicepriv/share.h>

static vpriv_status inventory(struct sweep *s)
{
    s->n_out = 0;
    return vpriv_inventory_json(s->life.vault, s->life.owner, sweep_take, s);
}

static vpriv_status portable(struct sweep *s)
{
    const vpriv_gate_request request = sweep_request(VPRIV_PURPOSE_KEEP_HISTORY);
    vpriv_portable_report report = {.struct_size = sizeof report};
    return vpriv_portable_export(
        s->life.vault, s->life.owner, &request, sweep_beside(s, "takeout"), NULL, NULL, &report);
}

static vpriv_status receipt_from_log(struct sweep *s)
{
    const uint64_t index = 3; /* a consent */
    s->n_out = 0;
    return vpriv_receipt_from_log(s->life.vault, &index, 1, sweep_take, s);
}

/* Signed at once from what the call returned. */
static vpriv_status receipt_sign(struct sweep *s)
{
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence};
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    s->n_out = 0;
    vpriv_status st = vpriv_consent_refuse(
        s->life.vault, s->life.ada, VPRIV_PURPOSE_IMPROVE_BY_MACHINE, &evidence, &receipt);
    if (st == VPRIV_OK)
        st = vpriv_receipt_sign(s->life.vault, &receipt, 1, NULL, sweep_take, s);
    return st;
}

static void have_receipt(struct sweep *s)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    ck_ok(receipt_from_log(s));
    ck_assert_uint_lt(s->n_out, sizeof s->text);
    memcpy(s->text, s->out, s->n_out);
    s->n_text = s->n_out;
    ck_ok(vpriv_vault_about(s->life.vault, &info));
    memcpy(s->key, info.device_public_key, sizeof s->key);
}

static vpriv_status receipt_verify(struct sweep *s)
{
    vpriv_receipt_claims claims = {.struct_size = sizeof claims};
    s->n_out = 0;
    return vpriv_receipt_verify(s->text, s->n_text, s->key, sweep_take, s, &claims);
}

static bool look(void *user, const vpriv_recall *recall)
{
    struct sweep *s = user;
    s->n_text = (size_t)recall->log_index;
    s->n_out++;
    return true;
}

static vpriv_status list_recalls(struct sweep *s)
{
    s->n_out = 0;
    return vpriv_recall_list(s->life.vault, NULL, 0, look, s);
}

/* Something was given away, and is erased here. */
static void give_away(struct sweep *s)
{
    static const char *const lab[] = {"a laboratory"};
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence,
        .notice_id = "history",
        .recipients = lab,
        .n_recipients = 1};
    vpriv_gate_request request = sweep_request(VPRIV_PURPOSE_DONATION);
    vpriv_outcome outcome;
    request.recipient = lab[0];
    ck_ok(vpriv_consent_give(s->life.vault, s->life.ada, VPRIV_PURPOSE_DONATION, &evidence, NULL));
    vpriv_recorder_config config = life_recorder_config(s->life.ada);
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_BUTTON};
    outcome.struct_size = sizeof outcome;
    s->source = life_source(40, 500, true);
    config.optional_purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DONATION);
    ck_ok(vpriv_recorder_open(s->life.vault, s->source, &config, &s->recorder));
    ck_ok(vpriv_recorder_run(s->recorder, &trigger, &outcome));
    ck_ok(vpriv_gate_open(s->life.vault, s->life.owner, &outcome.recording, &request, &s->reader));
    sweep_finish(s);
    ck_ok(vpriv_vault_erase(s->life.vault, &outcome.recording, 1, NULL));
    ck_ok(list_recalls(s));
    ck_assert_uint_eq(s->n_out, 1);
}

static vpriv_status recall(struct sweep *s)
{
    return vpriv_recall_ask(s->life.vault, s->n_text, "sweeper", NULL);
}

const struct operation sweep_share[] = {
    {"inventory", NULL, NULL, inventory, 0},
    {"portable export", NULL, NULL, portable, SWEEP_STEPS},
    {"receipt from log", NULL, NULL, receipt_from_log, 0},
    {"receipt sign", NULL, NULL, receipt_sign, SWEEP_AGAIN | SWEEP_STEPS},
    {"receipt verify", have_receipt, NULL, receipt_verify, SWEEP_SHUT},
    {"recall list", give_away, NULL, list_recalls, 0},
    {"recall ask", give_away, NULL, recall, SWEEP_AGAIN},
};
const size_t n_sweep_share = sizeof sweep_share / sizeof sweep_share[0];
