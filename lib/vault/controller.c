/* Another controller, or the same with another name or seat: nobody consented to that. */
#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include "log/leaf.h"
#include "vault/consent_end.h"
#include "vault/notice_store.h"
#include "vault/places.h"
#include "vault/settings.h"
#include <string.h>
#include <voicepriv/places.h>

static vpriv_status check_text(const char *text, size_t capacity, const char *what)
{
    if (text && text[0] && strlen(text) < capacity && vpi_text_is_plain(text, strlen(text)))
        return VPRIV_OK;
    return vpi_fail(
        VPRIV_E_ARG, "the controller's %s is 1 to %zu bytes of plain text", what, capacity - 1);
}

static vpriv_status check(const vpriv_controller *controller, const char *actor)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(controller && controller->struct_size == sizeof *controller, VPRIV_E_ARG,
        "vpriv_controller.struct_size is wrong");
    VPI_TRY(check_text(controller->id, VPRIV_PARTY_ID_BYTES, "id"));
    VPI_TRY(check_text(controller->name, VPRIV_PARTY_NAME_BYTES, "name"));
    VPI_ENSURE(controller->country && vpi_text_is_country(controller->country), VPRIV_E_ARG,
        "the controller's country is two capitals, as in ISO 3166-1");
    VPI_TRY(vpi_actor_check(actor));
    st = VPRIV_OK;
out:
    return st;
}

static bool is_the_same(const vpi_settings *settings, const vpriv_controller *controller)
{
    return strcmp(settings->controller_id, controller->id) == 0 &&
           strcmp(settings->controller_name, controller->name) == 0 &&
           strcmp(settings->controller_country, controller->country) == 0;
}

/* Every consent ends under the old name; the notices that had it are in force no more. */
static vpriv_status change(vpriv_vault *vault, const vpriv_controller *controller,
    const char *actor, vpi_policy_head *head, size_t *n_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_settings *settings = &head->settings;
    uint64_t *slots = NULL;
    size_t n_slots = 0;
    VPI_TRY(vpi_consent_invalidate_all(vault, &slots, &n_slots));
    memset(settings->controller_id, 0, sizeof settings->controller_id);
    memset(settings->controller_name, 0, sizeof settings->controller_name);
    memset(settings->controller_country, 0, sizeof settings->controller_country);
    memcpy(settings->controller_id, controller->id, strlen(controller->id));
    memcpy(settings->controller_name, controller->name, strlen(controller->name));
    memcpy(settings->controller_country, controller->country, strlen(controller->country));
    VPI_TRY(vpi_notices_next_row(vault, &settings->first_notice));
    VPI_TRY(vpi_places_compile(vault, head, NULL));
    VPI_TRY(vpi_places_log(
        vault, actor, NULL, "the controller is %s (%s)", controller->id, controller->country));
    VPI_TRY(vpi_head_change_commit_shredding(vault, head, slots, n_slots));
    *n_out = n_slots;
    st = VPRIV_OK;
out:
    free(slots);
    return st;
}

vpriv_status vpriv_controller_change(vpriv_vault *vault, const vpriv_controller *controller,
    const char *actor, size_t *n_consents_out)
{
    vpi_policy_head *head = NULL;
    size_t n = 0;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(check(controller, actor));
    VPI_TRY(vpi_head_change_begin(vault, &head));
    if (!is_the_same(&head->settings, controller))
        VPI_TRY(change(vault, controller, actor, head, &n));
    if (n_consents_out)
        *n_consents_out = n;
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    return st;
}
