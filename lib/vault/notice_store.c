#include "vault/notice_store.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/notice.h"
#include "vault/consent_end.h"
#include "vault/log_store.h"
#include <string.h>

#define NOTICE_BYTES_MAX                                                                           \
    (VPRIV_NOTICE_ID_BYTES + VPRIV_NOTICE_VERSION_BYTES + VPRIV_LANGUAGE_BYTES + 6 +               \
        VPRIV_SHA256_BYTES + 4 + VPRIV_NOTICE_TEXT_BYTES_MAX)

static void series_of(
    vpriv_vault *vault, const char *id, const char *language, uint8_t tag_out[VPI_TAG_BYTES])
{
    uint8_t name[VPRIV_NOTICE_ID_BYTES + VPRIV_LANGUAGE_BYTES + 4];
    vpi_writer w = vpi_writer_of(name, sizeof name);
    vpi_put_text(&w, id);
    vpi_put_text(&w, language);
    vpi_blind_tag(vault->secrets->index_key, "notice: series", name, vpi_writer_used(&w), tag_out);
}

/* The text is the last field; it may be NULL. */
static vpriv_status parse(const uint8_t *plain, size_t n_bytes, vpriv_notice_ref *notice_out,
    uint8_t *text_out, size_t *text_bytes_out)
{
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    memset(notice_out, 0, sizeof *notice_out);
    vpi_get_text(&r, notice_out->id, sizeof notice_out->id);
    vpi_get_text(&r, notice_out->version, sizeof notice_out->version);
    vpi_get_text(&r, notice_out->language, sizeof notice_out->language);
    vpi_get_copy(&r, notice_out->sha256, sizeof notice_out->sha256);
    const size_t n_text = vpi_get_u32(&r);
    const uint8_t *text = vpi_get_bytes(&r, n_text);
    if (vpi_reader_finish(&r, "notice") != VPRIV_OK || n_text > VPRIV_NOTICE_TEXT_BYTES_MAX)
        return vpi_auth_failed();
    if (text_out) {
        memcpy(text_out, text, n_text);
        *text_bytes_out = n_text;
    }
    return VPRIV_OK;
}

static vpriv_status open_row_with(vpriv_vault *vault, const vpi_row *row,
    vpriv_notice_ref *notice_out, uint8_t *text_out, size_t *text_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *plain = NULL;
    size_t n_sealed = 0, n_bytes = 0;
    const uint8_t *sealed = vpi_column_blob(row, 1, &n_sealed);
    const vpi_place place =
        vpi_vault_place(vault, VPI_COLUMN_NOTICE, (uint64_t)vpi_column_int(row, 0));
    VPI_TRY(vpi_alloc(1, n_sealed, (void **)&plain));
    VPI_TRY(vpi_unseal_padded(
        vault->secrets->catalogue_key, &place, sealed, n_sealed, plain, n_sealed, &n_bytes));
    VPI_TRY(parse(plain, n_bytes, notice_out, text_out, text_bytes_out));
    st = VPRIV_OK;
out:
    free(plain);
    return st;
}

static vpriv_status open_row(vpriv_vault *vault, const vpi_row *row, vpriv_notice_ref *notice_out)
{
    return open_row_with(vault, row, notice_out, NULL, NULL);
}

vpriv_status vpi_notice_in_force(
    vpriv_vault *vault, const char *id, const char *language, vpriv_notice_ref *notice_out)
{
    vpi_row row = VPI_NO_ROW;
    uint8_t series[VPI_TAG_BYTES];
    series_of(vault, id, language, series);
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, sealed FROM notice WHERE series = ?1 AND id >= ?2 ORDER BY id DESC LIMIT 1",
        "bi", series, sizeof series, vault->settings.first_notice);
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_fail(
            VPRIV_E_NOT_FOUND, "no notice \"%s\" in language \"%s\" in this vault", id, language);
    if (st == VPRIV_OK)
        st = open_row(vault, &row, notice_out);
    if (st == VPRIV_OK &&
        (strcmp(notice_out->id, id) != 0 || strcmp(notice_out->language, language) != 0))
        st = vpi_auth_failed();
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_notices_in_force(vpriv_vault *vault,
    uint8_t hashes_out[VPI_NOTICES_IN_FORCE_MAX][VPRIV_SHA256_BYTES], uint32_t *n_out)
{
    vpi_row row = VPI_NO_ROW;
    uint32_t n = 0;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, sealed FROM notice AS latest WHERE id >= ?1 AND NOT EXISTS"
        " (SELECT 1 FROM notice WHERE series = latest.series AND id > latest.id)",
        "i", vault->settings.first_notice);
    while (st == VPRIV_OK) {
        vpriv_notice_ref notice;
        st = open_row(vault, &row, &notice);
        if (st == VPRIV_OK && n == VPI_NOTICES_IN_FORCE_MAX)
            st = vpi_fail(VPRIV_E_LIMIT, "more than %d notices in force", VPI_NOTICES_IN_FORCE_MAX);
        if (st != VPRIV_OK)
            break;
        memcpy(hashes_out[n++], notice.sha256, VPRIV_SHA256_BYTES);
        st = vpi_row_next(&row);
    }
    vpi_row_end(&row);
    if (st != VPRIV_E_NOT_FOUND)
        return st;
    *n_out = n;
    return VPRIV_OK;
}

vpriv_status vpi_notice_next(vpriv_vault *vault, int64_t *row_io, vpriv_notice_ref *notice_out,
    bool *is_in_force_out, uint8_t *text_out, size_t *text_bytes_out)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(vault->database, &row,
        "SELECT id, sealed, id >= ?2 AND NOT EXISTS (SELECT 1 FROM notice WHERE series ="
        " this.series AND id > this.id) FROM notice AS this WHERE id > ?1 ORDER BY id LIMIT 1",
        "ii", *row_io, vault->settings.first_notice);
    if (st == VPRIV_OK && vpi_column_int(&row, 0) <= *row_io)
        st = vpi_auth_failed();
    if (st == VPRIV_OK)
        st = open_row_with(vault, &row, notice_out, text_out, text_bytes_out);
    if (st == VPRIV_OK) {
        *row_io = vpi_column_int(&row, 0);
        *is_in_force_out = vpi_column_int(&row, 2) != 0;
    }
    vpi_row_end(&row);
    return st;
}

vpriv_status vpi_notice_find(
    vpriv_vault *vault, const uint8_t *sha256, vpriv_notice_ref *notice_out)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_notice_ref notice;
    vpriv_status st = vpi_database_query(
        vault->database, &row, "SELECT id, sealed FROM notice ORDER BY id DESC", "");
    while (st == VPRIV_OK) {
        st = open_row(vault, &row, &notice);
        if (st == VPRIV_OK && memcmp(notice.sha256, sha256, VPRIV_SHA256_BYTES) == 0)
            break;
        if (st == VPRIV_OK)
            st = vpi_row_next(&row);
    }
    vpi_row_end(&row);
    if (st == VPRIV_E_NOT_FOUND)
        return vpi_fail(VPRIV_E_NOT_FOUND, "no notice of this hash in this vault");
    if (st == VPRIV_OK)
        *notice_out = notice;
    return st;
}

vpriv_status vpi_notices_next_row(vpriv_vault *vault, int64_t *row_out)
{
    return vpi_database_int(
        vault->database, row_out, "SELECT coalesce(max(id), 0) + 1 FROM notice", "");
}

static vpriv_status insert(vpriv_vault *vault, const vpriv_notice *notice, const uint8_t *sha256,
    const uint8_t tag[VPI_TAG_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t *plain = NULL, *sealed = NULL, series[VPI_TAG_BYTES];
    const size_t capacity = VPI_PADDED_SEAL_BYTES(NOTICE_BYTES_MAX);
    size_t n_sealed = 0;
    int64_t id = 0;
    VPI_TRY(vpi_alloc(1, NOTICE_BYTES_MAX, (void **)&plain));
    VPI_TRY(vpi_alloc(1, capacity, (void **)&sealed));
    VPI_TRY(vpi_notices_next_row(vault, &id));
    vpi_writer w = vpi_writer_of(plain, NOTICE_BYTES_MAX);
    vpi_put_text(&w, notice->id);
    vpi_put_text(&w, notice->version);
    vpi_put_text(&w, notice->language);
    vpi_put_bytes(&w, sha256, VPRIV_SHA256_BYTES);
    vpi_put_u32(&w, (uint32_t)notice->text_bytes);
    vpi_put_bytes(&w, notice->text, notice->text_bytes);
    VPI_TRY(vpi_writer_finish(&w, "notice"));
    const vpi_place place = vpi_vault_place(vault, VPI_COLUMN_NOTICE, (uint64_t)id);
    VPI_TRY(vpi_seal_padded(vault->secrets->catalogue_key, &place, plain, vpi_writer_used(&w),
        sealed, capacity, &n_sealed));
    series_of(vault, notice->id, notice->language, series);
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO notice(id, tag, series, sealed) VALUES (?1, ?2, ?3, ?4)", "ibbb", id, tag,
        (size_t)VPI_TAG_BYTES, series, sizeof series, sealed, n_sealed));
    st = VPRIV_OK;
out:
    free(plain);
    free(sealed);
    return st;
}

static vpriv_status add(vpriv_vault *vault, const vpriv_notice *notice, const uint8_t *sha256)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t tag[VPI_TAG_BYTES];
    int64_t present = 0;
    vpriv_notice_ref in_force;
    vpriv_log_entry entry = {
        .kind = VPRIV_LOG_NOTICE_ADDED, .purpose = VPRIV_LOG_NO_PURPOSE, .actor = "owner"};
    VPI_TRY(vpi_vault_begin(vault));
    VPI_TRY(vpi_settings_refresh(vault));
    const vpriv_status found = vpi_notice_in_force(vault, notice->id, notice->language, &in_force);
    if (found == VPRIV_OK && memcmp(in_force.sha256, sha256, VPRIV_SHA256_BYTES) == 0 &&
        strcmp(in_force.version, notice->version) == 0) {
        vpi_vault_rollback(vault);
        return VPRIV_OK;
    }
    if (found != VPRIV_OK && found != VPRIV_E_NOT_FOUND)
        VPI_TRY(found);
    vpi_fail_clear();
    /* One version is one text: the tag is over id, language and version. */
    uint8_t name[VPRIV_NOTICE_ID_BYTES + VPRIV_LANGUAGE_BYTES + VPRIV_NOTICE_VERSION_BYTES + 6];
    vpi_writer w = vpi_writer_of(name, sizeof name);
    vpi_put_text(&w, notice->id);
    vpi_put_text(&w, notice->language);
    vpi_put_text(&w, notice->version);
    vpi_blind_tag(vault->secrets->index_key, "notice: version", name, vpi_writer_used(&w), tag);
    VPI_TRY(vpi_database_int(vault->database, &present,
        "SELECT count(*) FROM notice WHERE tag = ?1", "b", tag, sizeof tag));
    VPI_ENSURE(present == 0, VPRIV_E_ARG,
        "version \"%s\" of notice \"%s\" is kept already, with another text or no longer in force",
        notice->version, notice->id);
    VPI_TRY(insert(vault, notice, sha256, tag));
    VPI_TRY(vpi_policy_write_head(vault, vpi_tree_generation(vault->tree), NULL, NULL));
    memcpy(entry.detail_hash, sha256, VPRIV_SHA256_BYTES);
    VPI_TRY(vpi_log_append(vault, &entry, NULL, 0, NULL, NULL));
    /* Last, because it may destroy keys, and nothing is written after that. */
    if (found == VPRIV_OK)
        VPI_TRY(vpi_consent_invalidate(vault, notice->id, notice->language));
    VPI_TRY(vpi_vault_commit(vault));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_notice_add(vpriv_vault *vault, const vpriv_notice *notice, uint8_t *sha256_out)
{
    uint8_t sha256[VPRIV_SHA256_BYTES];
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpriv_notice_hash(notice, sha256);
    if (st == VPRIV_OK)
        st = add(vault, notice, sha256);
    if (st == VPRIV_OK && sha256_out)
        memcpy(sha256_out, sha256, sizeof sha256);
    vpi_vault_leave(vault);
    return st;
}
