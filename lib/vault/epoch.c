/* Policy epochs: what the controller published, since when, and for how long it may be acted on. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/signed.h"
#include "vault/places.h"
#include <sodium.h>
#include <string.h>

vpriv_status vpi_head_verify(const vpi_policy_head *head, vpriv_document_kind kind,
    const char *json, size_t n_bytes, const uint8_t *signature,
    uint8_t sha256_out[VPRIV_SHA256_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(head->has_authority, VPRIV_E_AUTH,
        "this vault trusts no authority: say which with vpriv_jurisdiction_trust()");
    VPI_TRY(vpriv_authority_verify(kind, json, n_bytes, signature, head->authority));
    crypto_hash_sha256(sha256_out, (const uint8_t *)json, n_bytes);
    st = VPRIV_OK;
out:
    return st;
}

static void set_current(vpi_policy_head *head, const vpi_policy *policy)
{
    head->settings.policy_epoch = policy->epoch;
    head->settings.policy_since_us = policy->issued_us;
    head->settings.policy_ttl_us = policy->ttl_us;
}

static vpriv_status publish(
    vpriv_vault *vault, vpi_policy_head *head, const vpi_epoch *epoch, const uint8_t *sha256)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const int64_t now_us = vpi_vault_now_us(vault);
    const vpi_policy current = vpi_policy_in_force(head, now_us);
    const vpi_policy *latest = head->next.epoch != 0 ? &head->next : &current;
    const vpi_policy fresh = {epoch->number, epoch->issued_us, epoch->effective_us, epoch->ttl_us};
    VPI_ENSURE(epoch->number > latest->epoch &&
                   (latest->epoch == 0 || epoch->issued_us >= latest->issued_us),
        VPRIV_E_ROLLBACK, "policy epoch %llu is not newer than %llu",
        (unsigned long long)epoch->number, (unsigned long long)latest->epoch);
    set_current(head, &current);
    if (now_us >= fresh.effective_us) {
        set_current(head, &fresh);
        memset(&head->next, 0, sizeof head->next);
    } else {
        head->next = fresh;
    }
    VPI_TRY(vpi_places_log(
        vault, epoch->issuer, sha256, "policy epoch %llu", (unsigned long long)epoch->number));
    VPI_TRY(vpi_head_change_commit(vault, head));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_policy_publish(
    vpriv_vault *vault, const char *json, size_t n_bytes, const uint8_t *signature)
{
    vpi_policy_head *head = NULL;
    vpi_epoch epoch;
    uint8_t sha256[VPRIV_SHA256_BYTES];
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_head_change_begin(vault, &head));
    VPI_TRY(vpi_head_verify(head, VPRIV_DOCUMENT_POLICY, json, n_bytes, signature, sha256));
    VPI_TRY(vpi_epoch_parse(json, n_bytes, &epoch));
    VPI_TRY(publish(vault, head, &epoch, sha256));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    return st;
}

/* When a policy gets too old. */
static int64_t stale_us(const vpi_policy *policy)
{
    return policy->ttl_us > VPRIV_TIME_FOREVER_US - policy->issued_us
               ? VPRIV_TIME_FOREVER_US
               : policy->issued_us + policy->ttl_us;
}

vpriv_status vpriv_policy_about(vpriv_vault *vault, vpriv_policy_info *info_out)
{
    vpi_policy_head *head = NULL;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(info_out, VPRIV_E_ARG, "no room for the policy");
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_policy_read_head(vault, head));
    const int64_t now_us = vpi_vault_now_us(vault);
    const vpi_policy policy = vpi_policy_in_force(head, now_us);
    const bool is_coming = head->next.epoch != 0 && now_us < head->next.effective_us;
    *info_out = (vpriv_policy_info){.struct_size = sizeof *info_out,
        .epoch = policy.epoch,
        .issued_us = policy.issued_us,
        .stale_us = stale_us(&policy),
        .is_stale = now_us < policy.issued_us || now_us - policy.issued_us >= policy.ttl_us,
        .next_epoch = is_coming ? head->next.epoch : 0,
        .next_effective_us = is_coming ? head->next.effective_us : 0};
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    free(head);
    return st;
}
