#include "derived.h"

household h;

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.bob, KEEP);
}

void tear_down(void)
{
    household_close(&h);
}

vpriv_derivative about(vpriv_derivative_kind kind, uint32_t purposes)
{
    return (vpriv_derivative){.struct_size = sizeof(vpriv_derivative),
        .kind = kind,
        .media_type = "text/plain",
        .language = "en",
        .made_by = "tester",
        .purposes = purposes};
}

vpriv_status try_add(const vpriv_recording_id *id, uint32_t purposes, vpriv_derivative_id *made_out)
{
    const vpriv_derivative transcript = about(VPRIV_DERIVATIVE_TRANSCRIPT, purposes);
    return vpriv_derivative_add(h.vault, id, &transcript, "lights on", 9, made_out);
}

vpriv_derivative_id add(const vpriv_recording_id *id, uint32_t purposes)
{
    vpriv_derivative_id made;
    ck_ok(try_add(id, purposes, &made));
    return made;
}

text got;

vpriv_status take(void *user, const void *bytes, size_t n_bytes)
{
    text *t = user;
    ck_assert_uint_le(t->n + n_bytes, sizeof t->bytes);
    memcpy(t->bytes + t->n, bytes, n_bytes);
    t->n += n_bytes;
    return VPRIV_OK;
}

vpriv_status read_for(const vpriv_derivative_id *id, vpriv_purpose purpose)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = purpose, .actor = "test", .reason = "shown"};
    got.n = 0;
    return vpriv_gate_read_derivative(h.vault, h.keyring, id, &request, take, &got);
}

void ck_reads(const vpriv_derivative_id *id, vpriv_purpose purpose, const char *wanted)
{
    ck_ok(read_for(id, purpose));
    ck_assert_uint_eq(got.n, strlen(wanted));
    ck_assert_mem_eq(got.bytes, wanted, got.n);
}

infos listed;

static bool keep_info(void *user, const vpriv_derivative_info *info)
{
    infos *all = user;
    all->infos[all->n++] = *info;
    return true;
}

vpriv_status list(const vpriv_recording_id *id)
{
    listed.n = 0;
    return vpriv_derivative_list(h.vault, id, keep_info, &listed);
}

void ck_sound(void)
{
    vpriv_verification looked = {.struct_size = sizeof looked};
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &looked));
}
