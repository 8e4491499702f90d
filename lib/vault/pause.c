/* Purposes that are closed somewhere, for everybody, for a while. Kept in the head of the capture policy,
 * so that recording processes see it at their next block. The head is bound to the root's generation,
 * which each change makes a new one of: an old page put back says nothing. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/signed.h"
#include "consent/text.h"
#include "vault/decision.h"
#include "vault/log_store.h"
#include "vault/places.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One change: what, where, when, and what the log says of it. */
typedef struct change {
    bool pauses;
    uint32_t purposes;
    const char *where;
    int64_t from_us;
    int64_t until_us;
    const char *actor;
    const char *reason;
} change;

/* Scope and times go in front of the reason, unless it is everywhere and from now on. */
static void reason_text(const change *c, char text_out[VPRIV_LOG_REASON_BYTES])
{
    char when[2 * VPI_TIME_TEXT_BYTES + 16] = "", time[VPI_TIME_TEXT_BYTES];
    const char *reason = c->reason ? c->reason : "";
    if (c->pauses && c->from_us != 0) {
        vpi_time_format(c->from_us, time);
        snprintf(when, sizeof when, " from %s", time);
    }
    if (c->pauses && c->until_us != VPRIV_TIME_FOREVER_US) {
        const size_t used = strlen(when);
        vpi_time_format(c->until_us, time);
        snprintf(when + used, sizeof when - used, " until %s", time);
    }
    if (strcmp(c->where, "*") == 0 && !when[0])
        snprintf(text_out, VPRIV_LOG_REASON_BYTES, "%s", reason);
    else
        snprintf(text_out, VPRIV_LOG_REASON_BYTES, "%s%s%s%s", c->where, when,
            reason[0] ? ": " : "", reason);
}

static vpriv_status log_each(vpriv_vault *vault, const change *c, uint32_t purposes)
{
    for (int p = 0; p < (int)VPI_PURPOSES_MAX; p++) {
        vpriv_log_entry entry = {.struct_size = sizeof entry,
            .kind = c->pauses ? VPRIV_LOG_PAUSE : VPRIV_LOG_PAUSE_LIFTED,
            .purpose = p};
        if (!(purposes & vault->purposes & VPRIV_PURPOSE_BIT(p)))
            continue;
        snprintf(entry.actor, sizeof entry.actor, "%s", c->actor);
        reason_text(c, entry.reason);
        const vpriv_status st = vpi_log_append(vault, &entry, NULL, 0, NULL, NULL);
        if (st != VPRIV_OK)
            return st;
    }
    return VPRIV_OK;
}

/* What is over makes room. */
static void forget_past(vpi_policy_head *head, int64_t now_us)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < head->n_pauses; i++)
        if (head->pauses[i].purposes != 0 && now_us < head->pauses[i].until_us)
            head->pauses[n++] = head->pauses[i];
    memset(&head->pauses[n], 0, (VPRIV_PAUSES_MAX - n) * sizeof head->pauses[0]);
    head->n_pauses = n;
}

/* changed_out: purposes that were not paused there for all of that time. */
static vpriv_status begin(vpi_policy_head *head, const change *c, uint32_t *changed_out)
{
    uint32_t covered = 0;
    vpi_pause *same = NULL;
    for (uint32_t i = 0; i < head->n_pauses; i++) {
        vpi_pause *pause = &head->pauses[i];
        if (strcasecmp(pause->where, c->where) != 0)
            continue;
        if (pause->from_us <= c->from_us && pause->until_us >= c->until_us)
            covered |= pause->purposes;
        if (pause->from_us == c->from_us && pause->until_us == c->until_us)
            same = pause;
    }
    *changed_out = c->purposes & ~covered;
    if (*changed_out == 0)
        return VPRIV_OK;
    if (!same && head->n_pauses == VPRIV_PAUSES_MAX)
        return vpi_fail(VPRIV_E_LIMIT, "there are %d pauses already", VPRIV_PAUSES_MAX);
    if (!same) {
        same = &head->pauses[head->n_pauses++];
        *same = (vpi_pause){.from_us = c->from_us, .until_us = c->until_us};
        memcpy(same->where, c->where, strlen(c->where));
    }
    same->purposes |= *changed_out;
    return VPRIV_OK;
}

static uint32_t end(vpi_policy_head *head, const change *c)
{
    uint32_t changed = 0;
    for (uint32_t i = 0; i < head->n_pauses; i++) {
        vpi_pause *pause = &head->pauses[i];
        if (strcasecmp(pause->where, c->where) != 0)
            continue;
        changed |= pause->purposes & c->purposes;
        pause->purposes &= ~c->purposes;
    }
    return changed;
}

static vpriv_status apply(
    vpriv_vault *vault, vpi_policy_head *head, const change *c, bool *changed_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t changed = 0;
    forget_past(head, vpi_vault_now_us(vault));
    if (c->pauses)
        VPI_TRY(begin(head, c, &changed));
    else
        changed = end(head, c);
    forget_past(head, vpi_vault_now_us(vault));
    if (changed != 0)
        VPI_TRY(log_each(vault, c, changed));
    *changed_out = *changed_out || changed != 0;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check(const vpriv_vault *vault, const change *c, size_t reason_bytes)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(c->purposes != 0, VPRIV_E_ARG, "no purpose is named");
    VPI_ENSURE((c->purposes & ~vault->purposes) == 0, VPRIV_E_ARG,
        "purposes 0x%x are not defined in this vault", c->purposes & ~vault->purposes);
    VPI_ENSURE(vpi_scope_is_valid(c->where), VPRIV_E_ARG,
        "\"%.20s\" is neither *, nor a place, nor the name of a profile", c->where);
    VPI_ENSURE(c->from_us >= 0 && c->until_us > c->from_us, VPRIV_E_ARG,
        "the pause ends before it begins");
    VPI_ENSURE(vpi_time_is_bound(c->from_us) && vpi_time_is_bound(c->until_us), VPRIV_E_ARG,
        "times are UTC microseconds of the years 1970 to 2400");
    VPI_TRY(vpi_actor_check(c->actor));
    VPI_ENSURE(!c->reason || strlen(c->reason) < reason_bytes, VPRIV_E_ARG,
        "the reason is longer than %zu bytes", reason_bytes - 1);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status make(vpriv_vault *vault, const change *c, size_t reason_bytes)
{
    vpi_policy_head *head = NULL;
    bool changed = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(check(vault, c, reason_bytes));
    VPI_TRY(vpi_head_change_begin(vault, &head));
    VPI_ENSURE(!c->pauses || c->until_us > vpi_vault_now_us(vault), VPRIV_E_ARG,
        "the pause would be over already");
    VPI_TRY(apply(vault, head, c, &changed));
    if (changed)
        VPI_TRY(vpi_head_change_commit(vault, head));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    return st;
}

vpriv_status vpriv_purpose_pause(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason)
{
    const change c = {true, purposes, "*", 0, VPRIV_TIME_FOREVER_US, actor, reason};
    return make(vault, &c, VPRIV_LOG_REASON_BYTES);
}

vpriv_status vpriv_purpose_resume(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason)
{
    const change c = {false, purposes, "*", 0, VPRIV_TIME_FOREVER_US, actor, reason};
    return make(vault, &c, VPRIV_LOG_REASON_BYTES);
}

static vpriv_status make_one(vpriv_vault *vault, const vpriv_pause *pause, bool pauses)
{
    if (!pause || pause->struct_size != sizeof *pause)
        return vpi_fail(VPRIV_E_ARG, "vpriv_pause.struct_size is wrong");
    const change c = {pauses, pause->purposes, pause->where && pause->where[0] ? pause->where : "*",
        pauses ? pause->from_us : 0,
        pauses && pause->until_us ? pause->until_us : VPRIV_TIME_FOREVER_US, pause->actor,
        pause->reason};
    return make(vault, &c, VPRIV_PAUSE_REASON_BYTES);
}

vpriv_status vpriv_pause_begin(vpriv_vault *vault, const vpriv_pause *pause)
{
    return make_one(vault, pause, true);
}

vpriv_status vpriv_pause_end(vpriv_vault *vault, const vpriv_pause *pause)
{
    return make_one(vault, pause, false);
}

static vpriv_status do_order(
    vpriv_vault *vault, vpi_policy_head *head, const vpi_order *order, const uint8_t *sha256)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char reason[VPRIV_LOG_REASON_BYTES];
    bool changed = false;
    VPI_ENSURE(order->number > head->order, VPRIV_E_ROLLBACK,
        "order %llu, or a later one, was done already", (unsigned long long)order->number);
    head->order = order->number;
    VPI_TRY(vpi_places_log(vault, order->issuer, sha256, "order %llu: %s",
        (unsigned long long)order->number, order->reason));
    snprintf(
        reason, sizeof reason, "order %llu: %s", (unsigned long long)order->number, order->reason);
    for (uint32_t i = 0; i < order->n_scopes; i++) {
        const change c = {!order->resumes, order->purposes, order->scopes[i], order->from_us,
            order->until_us ? order->until_us : VPRIV_TIME_FOREVER_US, order->issuer, reason};
        VPI_TRY(apply(vault, head, &c, &changed));
    }
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_pause_order(
    vpriv_vault *vault, const char *json, size_t n_bytes, const uint8_t *signature)
{
    vpi_policy_head *head = NULL;
    vpi_order *order = NULL;
    uint8_t sha256[VPRIV_SHA256_BYTES];
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_alloc(1, sizeof *order, (void **)&order));
    VPI_TRY(vpi_head_change_begin(vault, &head));
    VPI_TRY(vpi_head_verify(head, VPRIV_DOCUMENT_PAUSE, json, n_bytes, signature, sha256));
    VPI_TRY(vpi_order_parse(json, n_bytes, order));
    VPI_TRY(do_order(vault, head, order, sha256));
    VPI_TRY(vpi_head_change_commit(vault, head));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    free(order);
    return st;
}

/* The head alone, for telling about it. */
static vpriv_status read_head(vpriv_vault *vault, vpi_policy_head *head)
{
    bool began = false;
    vpriv_status st = vpi_vault_read_begin(vault, &began);
    if (st == VPRIV_OK)
        st = vpi_policy_read_head(vault, head);
    vpi_vault_read_end(vault, began);
    return st;
}

vpriv_status vpriv_pause_list(vpriv_vault *vault, vpriv_pause_fn fn, void *user)
{
    vpi_policy_head *head = NULL;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(fn, VPRIV_E_ARG, "no callback");
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(read_head(vault, head));
    forget_past(head, vpi_vault_now_us(vault));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    for (uint32_t i = 0; st == VPRIV_OK && i < head->n_pauses; i++) {
        const vpi_pause *kept = &head->pauses[i];
        const vpriv_pause pause = {.struct_size = sizeof pause,
            .purposes = kept->purposes,
            .where = kept->where,
            .from_us = kept->from_us,
            .until_us = kept->until_us == VPRIV_TIME_FOREVER_US ? 0 : kept->until_us};
        if (!fn(user, &pause))
            break;
    }
    free(head);
    return st;
}

vpriv_status vpriv_purpose_paused(vpriv_vault *vault, uint32_t *purposes_out)
{
    vpi_policy_head *head = NULL;
    vpi_places *places = NULL;
    vpriv_rules device, controller;
    uint32_t purposes = 0;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(purposes_out, VPRIV_E_ARG, "no room for the purposes");
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_alloc(1, sizeof *places, (void **)&places));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_policy_read_head(vault, head));
    VPI_TRY(vpi_places_load(vault, head, places));
    const int64_t now_us = vpi_vault_now_us(vault);
    vpi_places_here(places, head, now_us, &device, &controller);
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++)
        if (vpi_pause_covers(head, &device, (vpriv_purpose)p, now_us) ||
            vpi_pause_covers(head, &controller, (vpriv_purpose)p, now_us))
            purposes |= VPRIV_PURPOSE_BIT(p);
    *purposes_out = purposes & vault->purposes;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(head);
    free(places);
    return st;
}

bool vpi_is_paused(vpriv_vault *vault, uint32_t purposes)
{
    uint32_t paused = 0;
    return vpriv_purpose_paused(vault, &paused) == VPRIV_OK && (paused & purposes) != 0;
}
