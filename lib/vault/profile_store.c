#include "vault/profile_store.h"
#include "base/memory.h"
#include "base/try.h"
#include "log/leaf.h"
#include "vault/places.h"
#include <sodium.h>
#include <string.h>

/* profile = signature ‖ length u32 ‖ the exact bytes */
#define ROW_BYTES_MAX (VPRIV_AUTHORITY_SIGNATURE_BYTES + 4 + VPRIV_DOCUMENT_BYTES_MAX)

typedef struct kept {
    int64_t row;
    size_t n_bytes;
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    size_t n_json;
    uint8_t plain[VPI_PADDED_SEAL_BYTES(ROW_BYTES_MAX)];
    const char *json; /* in plain */
} kept;

static vpriv_status open_row(vpriv_vault *vault, const vpi_row *row, kept *kept_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t n_sealed = 0;
    const uint8_t *sealed = vpi_column_blob(row, 1, &n_sealed);
    kept_out->row = vpi_column_int(row, 0);
    const vpi_place place =
        vpi_vault_place(vault, VPI_COLUMN_JURISDICTION, (uint64_t)kept_out->row);
    VPI_TRY(vpi_unseal_padded(vault->secrets->catalogue_key, &place, sealed, n_sealed,
        kept_out->plain, sizeof kept_out->plain, &kept_out->n_bytes));
    vpi_reader r = vpi_reader_of(kept_out->plain, kept_out->n_bytes);
    vpi_get_copy(&r, kept_out->signature, sizeof kept_out->signature);
    kept_out->n_json = vpi_get_u32(&r);
    kept_out->json = (const char *)vpi_get_bytes(&r, kept_out->n_json);
    VPI_ENSURE(vpi_reader_finish(&r, "profile") == VPRIV_OK, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    return st;
}

/* Gets each profile that is kept, by row. */
typedef vpriv_status (*each_fn)(void *user, const kept *profile);

static vpriv_status for_each(vpriv_vault *vault, each_fn fn, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    kept *profile = NULL;
    vpi_row row = VPI_NO_ROW;
    VPI_TRY(vpi_alloc(1, sizeof *profile, (void **)&profile));
    vpriv_status found = vpi_database_query(
        vault->database, &row, "SELECT id, sealed FROM jurisdiction ORDER BY id", "");
    while (found == VPRIV_OK) {
        VPI_TRY(open_row(vault, &row, profile));
        VPI_TRY(fn(user, profile));
        found = vpi_row_next(&row);
    }
    VPI_ENSURE(found == VPRIV_E_NOT_FOUND, found, "%s", vpriv_error_detail());
    vpi_fail_clear();
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    free(profile);
    return st;
}

typedef struct hashing {
    crypto_hash_sha256_state state;
    size_t n;
} hashing;

static vpriv_status hash_one(void *user, const kept *profile)
{
    hashing *h = user;
    uint8_t header[12];
    vpi_writer w = vpi_writer_of(header, sizeof header);
    vpi_put_i64(&w, profile->row);
    vpi_put_u32(&w, (uint32_t)profile->n_bytes);
    crypto_hash_sha256_update(&h->state, header, sizeof header);
    crypto_hash_sha256_update(&h->state, profile->plain, profile->n_bytes);
    h->n++;
    return VPRIV_OK;
}

/* Zeros when there are none. */
static vpriv_status hash_all(vpriv_vault *vault, uint8_t hash_out[VPRIV_SHA256_BYTES])
{
    hashing h = {.n = 0};
    crypto_hash_sha256_init(&h.state);
    const vpriv_status st = for_each(vault, hash_one, &h);
    crypto_hash_sha256_final(&h.state, hash_out);
    if (h.n == 0)
        memset(hash_out, 0, VPRIV_SHA256_BYTES);
    return st;
}

vpriv_status vpi_profiles_check(vpriv_vault *vault, const vpi_policy_head *head)
{
    uint8_t hash[VPRIV_SHA256_BYTES];
    const vpriv_status st = hash_all(vault, hash);
    if (st == VPRIV_OK && memcmp(hash, head->profiles_hash, sizeof hash) != 0)
        return vpi_auth_failed();
    return st;
}

static bool is_signed(const vpi_policy_head *head, const kept *profile)
{
    return head->has_authority &&
           vpriv_authority_verify(VPRIV_DOCUMENT_JURISDICTION, profile->json, profile->n_json,
               profile->signature, head->authority) == VPRIV_OK;
}

typedef struct collecting {
    const vpi_policy_head *head;
    vpi_profile *profiles;
    size_t n;
} collecting;

static vpriv_status collect(void *user, const kept *profile)
{
    collecting *c = user;
    if (c->n < VPRIV_PROFILES_MAX && is_signed(c->head, profile)) {
        const vpriv_status st =
            vpi_profile_parse(profile->json, profile->n_json, &c->profiles[c->n]);
        if (st == VPRIV_E_MEMORY)
            return st;
        c->n += st == VPRIV_OK;
    }
    return VPRIV_OK;
}

vpriv_status vpi_profiles_in_force(
    vpriv_vault *vault, const vpi_policy_head *head, vpi_profile **profiles_out, size_t *n_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    collecting c = {.head = head};
    *n_out = 0;
    VPI_TRY(vpi_alloc(VPRIV_PROFILES_MAX, sizeof *c.profiles, (void **)&c.profiles));
    vpriv_status gathered = vpi_profiles_check(vault, head);
    if (gathered == VPRIV_OK)
        gathered = for_each(vault, collect, &c);
    if (gathered == VPRIV_E_AUTH)
        c.n = 0; /* `strict` everywhere */
    else
        VPI_TRY(gathered);
    vpi_fail_clear();
    *profiles_out = c.profiles;
    *n_out = c.n;
    c.profiles = NULL;
    st = VPRIV_OK;
out:
    free(c.profiles);
    return st;
}

vpriv_status vpriv_jurisdiction_trust(
    vpriv_vault *vault, const uint8_t *public_key, const char *actor)
{
    vpi_policy_head *head = NULL;
    char text[2 * VPRIV_AUTHORITY_PUBLIC_KEY_BYTES + 1] = "nobody";
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(vpi_head_change_begin(vault, &head));
    memset(head->authority, 0, sizeof head->authority);
    head->has_authority = public_key != NULL;
    if (public_key) {
        memcpy(head->authority, public_key, sizeof head->authority);
        sodium_bin2hex(text, sizeof text, public_key, VPRIV_AUTHORITY_PUBLIC_KEY_BYTES);
    }
    VPI_TRY(vpi_places_compile(vault, head, NULL));
    VPI_TRY(vpi_places_log(vault, actor, NULL, "documents are trusted of %s", text));
    VPI_TRY(vpi_head_change_commit(vault, head));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    return st;
}

/* The row of an earlier revision, by its name. */
typedef struct finding {
    const vpi_policy_head *head;
    vpi_profile *scratch;
    const vpi_profile *wanted;
    int64_t row; /* 0: none */
    int64_t last_row;
    size_t n;
    bool is_same;
    bool is_later;
} finding;

static vpriv_status find_one(void *user, const kept *profile)
{
    finding *f = user;
    f->n++;
    f->last_row = profile->row;
    if (vpi_profile_parse(profile->json, profile->n_json, f->scratch) != VPRIV_OK ||
        strcmp(f->scratch->info.name, f->wanted->info.name) != 0)
        return VPRIV_OK;
    f->row = profile->row;
    if (!is_signed(f->head, profile))
        return VPRIV_OK; /* of an authority before this one: any revision may take its place */
    f->is_same = memcmp(f->scratch->info.sha256, f->wanted->info.sha256, VPRIV_SHA256_BYTES) == 0;
    f->is_later = f->scratch->info.revision >= f->wanted->info.revision;
    return VPRIV_OK;
}

static vpriv_status store(
    vpriv_vault *vault, int64_t row, const char *json, size_t n_bytes, const uint8_t *signature)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *plain = NULL, *sealed = NULL;
    const size_t capacity = VPI_PADDED_SEAL_BYTES(ROW_BYTES_MAX);
    size_t n_sealed = 0;
    const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_JURISDICTION, (uint64_t)row);
    VPI_TRY(vpi_alloc(1, ROW_BYTES_MAX, (void **)&plain));
    VPI_TRY(vpi_alloc(1, capacity, (void **)&sealed));
    vpi_writer w = vpi_writer_of(plain, ROW_BYTES_MAX);
    vpi_put_bytes(&w, signature, VPRIV_AUTHORITY_SIGNATURE_BYTES);
    vpi_put_u32(&w, (uint32_t)n_bytes);
    vpi_put_bytes(&w, json, n_bytes);
    VPI_TRY(vpi_writer_finish(&w, "profile"));
    VPI_TRY(vpi_seal_padded(vault->secrets->catalogue_key, &place, plain, vpi_writer_used(&w),
        sealed, capacity, &n_sealed));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT OR REPLACE INTO jurisdiction(id, sealed) VALUES (?1, ?2)", "ib", row, sealed,
        n_sealed));
    st = VPRIV_OK;
out:
    free(plain);
    free(sealed);
    return st;
}

static vpriv_status install(vpriv_vault *vault, const char *json, size_t n_bytes,
    const uint8_t *signature, const char *actor, vpi_profile profiles[2], vpi_policy_head *head)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_profile_info *info = &profiles[0].info;
    finding f = {.head = head, .scratch = &profiles[1], .wanted = &profiles[0]};
    VPI_ENSURE(head->has_authority, VPRIV_E_AUTH,
        "this vault trusts no authority: say which with vpriv_jurisdiction_trust()");
    VPI_TRY(vpriv_authority_verify(
        VPRIV_DOCUMENT_JURISDICTION, json, n_bytes, signature, head->authority));
    VPI_ENSURE(strcmp(info->name, VPI_STRICT) != 0, VPRIV_E_ARG, "\"strict\" is built in");
    VPI_ENSURE(vpi_vault_now_us(vault) < info->valid_until_us, VPRIV_E_STATE,
        "profile %s revision %llu is out of date", info->name, (unsigned long long)info->revision);
    VPI_TRY(vpi_profiles_check(vault, head));
    VPI_TRY(for_each(vault, find_one, &f));
    if (f.is_same) {
        st = VPRIV_OK;
        goto out;
    }
    VPI_ENSURE(!f.is_later, VPRIV_E_ROLLBACK, "profile %s has revision %llu or a later one already",
        info->name, (unsigned long long)info->revision);
    VPI_ENSURE(f.row != 0 || f.n < VPRIV_PROFILES_MAX, VPRIV_E_LIMIT,
        "%d profiles are kept already", VPRIV_PROFILES_MAX);
    VPI_TRY(store(vault, f.row ? f.row : f.last_row + 1, json, n_bytes, signature));
    VPI_TRY(hash_all(vault, head->profiles_hash));
    VPI_TRY(vpi_places_compile(vault, head, NULL));
    VPI_TRY(vpi_places_log(vault, actor, info->sha256, "profile %s revision %llu", info->name,
        (unsigned long long)info->revision));
    VPI_TRY(vpi_head_change_commit(vault, head));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_jurisdiction_install(vpriv_vault *vault, const char *json, size_t n_bytes,
    const uint8_t *signature, const char *actor)
{
    vpi_policy_head *head = NULL;
    vpi_profile *profiles = NULL;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(signature, VPRIV_E_ARG, "a profile needs a signature");
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(vpi_alloc(2, sizeof *profiles, (void **)&profiles));
    VPI_TRY(vpi_profile_parse(json, n_bytes, &profiles[0]));
    VPI_TRY(vpi_head_change_begin(vault, &head));
    VPI_TRY(install(vault, json, n_bytes, signature, actor, profiles, head));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    free(head);
    free(profiles);
    return st;
}

typedef struct listing {
    const vpi_policy_head *head;
    int64_t now_us;
    vpi_profile *scratch;
    vpriv_profile_info *infos;
    size_t n;
} listing;

static vpriv_status list_one(void *user, const kept *profile)
{
    listing *l = user;
    if (l->n == VPRIV_PROFILES_MAX)
        return vpi_auth_failed();
    const vpriv_status st = vpi_profile_parse(profile->json, profile->n_json, l->scratch);
    if (st != VPRIV_OK)
        return st == VPRIV_E_MEMORY ? st : vpi_auth_failed();
    vpriv_profile_info *info = &l->infos[l->n++];
    *info = l->scratch->info;
    info->is_in_force = is_signed(l->head, profile) && l->now_us < info->valid_until_us;
    return VPRIV_OK;
}

vpriv_status vpriv_jurisdiction_list(vpriv_vault *vault, vpriv_profile_fn fn, void *user)
{
    listing l = {.head = NULL};
    vpi_policy_head *head = NULL;
    bool began = false;
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(fn, VPRIV_E_ARG, "no callback");
    VPI_TRY(vpi_alloc(1, sizeof *head, (void **)&head));
    VPI_TRY(vpi_alloc(1, sizeof *l.scratch, (void **)&l.scratch));
    VPI_TRY(vpi_alloc(VPRIV_PROFILES_MAX, sizeof *l.infos, (void **)&l.infos));
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    VPI_TRY(vpi_policy_read_head(vault, head));
    VPI_TRY(vpi_profiles_check(vault, head));
    l.head = head;
    l.now_us = vpi_vault_now_us(vault);
    VPI_TRY(for_each(vault, list_one, &l));
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    for (size_t i = 0; st == VPRIV_OK && i < l.n && fn(user, &l.infos[i]); i++)
        ;
    free(head);
    free(l.scratch);
    free(l.infos);
    return st;
}
