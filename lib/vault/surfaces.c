/* Surfaces that a vault trusts. */
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/event_line.h"
#include "log/leaf.h"
#include "vault/event_store.h"
#include "vault/places.h"
#include "vault/witness.h"
#include <string.h>

/* surfaces = count u8 ‖ count × { name text ‖ public key bytes(32) } */
#define SURFACES_BYTES_MAX                                                                         \
    (1 + VPRIV_SURFACES_MAX * (2 + VPRIV_SURFACE_BYTES + VPRIV_SURFACE_PUBLIC_KEY_BYTES))
_Static_assert(SURFACES_BYTES_MAX <= 1024, "they fit a row of state");

vpriv_status vpi_surfaces_load(vpriv_vault *vault, vpi_surfaces *surfaces_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(1024)];
    char origin[VPRIV_LOG_ORIGIN_BYTES];
    size_t n_bytes = 0;
    int64_t there = 0;
    memset(surfaces_out, 0, sizeof *surfaces_out);
    VPI_TRY(vpi_database_int(vault->database, &there, "SELECT count(*) FROM state WHERE id = ?1",
        "i", (int64_t)VPI_STATE_SURFACES));
    if (there) {
        VPI_TRY(vpi_state_read(vault, VPI_STATE_SURFACES, plain, sizeof plain, &n_bytes));
        vpi_reader r = vpi_reader_of(plain, n_bytes);
        surfaces_out->n = vpi_get_u8(&r);
        VPI_ENSURE(surfaces_out->n <= VPRIV_SURFACES_MAX, VPRIV_E_AUTH,
            "the vault file is damaged or was changed");
        for (uint32_t i = 0; i < surfaces_out->n; i++) {
            vpi_get_text(&r, surfaces_out->list[i].name, VPRIV_SURFACE_BYTES);
            vpi_get_copy(&r, surfaces_out->list[i].public_key, VPRIV_SURFACE_PUBLIC_KEY_BYTES);
        }
        VPI_ENSURE(vpi_reader_finish(&r, "surfaces") == VPRIV_OK, VPRIV_E_AUTH,
            "the vault file is damaged or was changed");
    }
    for (uint32_t i = 0; i <= surfaces_out->n; i++)
        surfaces_out->list[i].struct_size = sizeof surfaces_out->list[i];
    vpriv_surface_info *own = &surfaces_out->list[surfaces_out->n];
    vpi_vault_origin(vault, origin);
    snprintf(own->name, sizeof own->name, "%.63s", origin);
    memcpy(own->public_key, vault->device_public_key, sizeof own->public_key);
    st = VPRIV_OK;
out:
    return st;
}

const uint8_t *vpi_surfaces_key(const vpi_surfaces *surfaces, const char *name)
{
    for (uint32_t i = 0; i <= surfaces->n; i++)
        if (strcmp(surfaces->list[i].name, name) == 0)
            return surfaces->list[i].public_key;
    return NULL;
}

static vpriv_status store(vpriv_vault *vault, const vpi_surfaces *surfaces)
{
    uint8_t plain[SURFACES_BYTES_MAX];
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u8(&w, (uint8_t)surfaces->n);
    for (uint32_t i = 0; i < surfaces->n; i++) {
        vpi_put_text(&w, surfaces->list[i].name);
        vpi_put_bytes(&w, surfaces->list[i].public_key, VPRIV_SURFACE_PUBLIC_KEY_BYTES);
    }
    const vpriv_status st = vpi_writer_finish(&w, "surfaces");
    return st == VPRIV_OK ? vpi_state_write(vault, VPI_STATE_SURFACES, plain, vpi_writer_used(&w))
                          : st;
}

vpriv_status vpriv_surface_trust(
    vpriv_vault *vault, const char *name, const uint8_t *public_key, const char *actor)
{
    vpi_surfaces surfaces;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(name && vpi_surface_name_is_valid(name), VPRIV_E_ARG,
        "a surface's name has letters, digits and . _ / - only, at most %d",
        VPRIV_SURFACE_BYTES - 1);
    VPI_ENSURE(public_key && vpi_public_key_is_good(public_key), VPRIV_E_ARG,
        "this is no public key of Ed25519");
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_surfaces_load(vault, &surfaces));
    const uint8_t *present = vpi_surfaces_key(&surfaces, name);
    VPI_ENSURE(!present || memcmp(present, public_key, VPRIV_SURFACE_PUBLIC_KEY_BYTES) == 0,
        VPRIV_E_EXISTS, "surface \"%s\" has another key: give the new one another name", name);
    if (!present) {
        VPI_ENSURE(surfaces.n < VPRIV_SURFACES_MAX, VPRIV_E_LIMIT, "more than %d surfaces",
            VPRIV_SURFACES_MAX);
        vpriv_surface_info *info = &surfaces.list[surfaces.n++];
        memset(info, 0, sizeof *info);
        memcpy(info->name, name, strlen(name));
        memcpy(info->public_key, public_key, sizeof info->public_key);
        VPI_TRY(store(vault, &surfaces));
        VPI_TRY(vpi_places_log(vault, actor, NULL, "trusts surface %s", name));
        VPI_TRY(vpi_vault_commit(vault));
    }
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpriv_surface_list(vpriv_vault *vault, vpriv_surface_fn fn, void *user)
{
    vpi_surfaces surfaces;
    bool began = false;
    if (!fn)
        return vpi_fail(VPRIV_E_ARG, "no callback");
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_read_begin(vault, &began);
    if (st == VPRIV_OK)
        st = vpi_surfaces_load(vault, &surfaces);
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    for (uint32_t i = 0; st == VPRIV_OK && i < surfaces.n; i++)
        if (!fn(user, &surfaces.list[i]))
            break;
    return st;
}
