/* Purposes that are closed for everybody for a while. Kept in the head of the capture policy, so that
 * recording processes see it at their next block. The head is bound to the root's generation, which each
 * change makes a new one of: an old page put back says nothing. */
#include "base/try.h"
#include "consent/purpose.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/policy.h"
#include <stdio.h>
#include <string.h>

static vpriv_status log_each(vpriv_vault *vault, vpriv_log_kind kind, uint32_t purposes,
    const char *actor, const char *reason)
{
    for (int p = 0; p < (int)VPI_PURPOSES_MAX; p++) {
        vpriv_log_entry entry = {.struct_size = sizeof entry, .kind = kind, .purpose = p};
        if (!(purposes >> p & 1))
            continue;
        snprintf(entry.actor, sizeof entry.actor, "%s", actor);
        snprintf(entry.reason, sizeof entry.reason, "%s", reason ? reason : "");
        const vpriv_status st = vpi_log_append(vault, &entry, NULL, 0, NULL, NULL);
        if (st != VPRIV_OK)
            return st;
    }
    return VPRIV_OK;
}

static vpriv_status change(
    vpriv_vault *vault, bool pauses, uint32_t purposes, const char *actor, const char *reason)
{
    vpi_policy_head head;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(purposes != 0, VPRIV_E_ARG, "no purpose is named");
    VPI_ENSURE((purposes & ~vault->purposes) == 0, VPRIV_E_ARG,
        "purposes 0x%x are not defined in this vault", purposes & ~vault->purposes);
    VPI_ENSURE(actor && actor[0] && strlen(actor) < VPRIV_LOG_ACTOR_BYTES, VPRIV_E_ARG,
        "the actor is 1 to %d bytes", VPRIV_LOG_ACTOR_BYTES - 1);
    VPI_ENSURE(!reason || strlen(reason) < VPRIV_LOG_REASON_BYTES, VPRIV_E_ARG,
        "the reason is longer than %d bytes", VPRIV_LOG_REASON_BYTES - 1);
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_policy_read_head(vault, &head));
    const uint32_t before = head.paused_purposes;
    const uint32_t after = pauses ? before | purposes : before & ~purposes;
    if (after != before) {
        VPI_TRY(vpi_ingest_adopt_all(vault));
        VPI_TRY(log_each(vault, pauses ? VPRIV_LOG_PAUSE : VPRIV_LOG_PAUSE_LIFTED, after ^ before,
            actor, reason));
        VPI_TRY(vpi_vault_renew(vault, NULL, 0, &after));
        VPI_TRY(vpi_vault_commit(vault));
    }
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_purpose_pause(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason)
{
    return change(vault, true, purposes, actor, reason);
}

vpriv_status vpriv_purpose_resume(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason)
{
    return change(vault, false, purposes, actor, reason);
}

vpriv_status vpriv_purpose_paused(vpriv_vault *vault, uint32_t *purposes_out)
{
    vpi_policy_head head;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(purposes_out, VPRIV_E_ARG, "no room for the purposes");
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_policy_read_head(vault, &head));
    *purposes_out = head.paused_purposes & vault->purposes;
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st;
}
