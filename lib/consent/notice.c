#include "consent/notice.h"
#include "base/try.h"
#include "consent/text.h"
#include <sodium.h>
#include <string.h>

static vpriv_status check_label(const char *text, size_t capacity_bytes, const char *what)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(text, VPRIV_E_ARG, "notice: %s is NULL", what);
    const size_t length = strnlen(text, capacity_bytes);
    VPI_ENSURE(length < capacity_bytes, VPRIV_E_LIMIT, "notice: %s is longer than %zu bytes", what,
        capacity_bytes - 1);
    VPI_ENSURE(length > 0, VPRIV_E_FORMAT, "notice: %s is empty", what);
    VPI_ENSURE(
        vpi_text_is_plain(text, length), VPRIV_E_FORMAT, "notice: %s is not plain UTF-8", what);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_notice_check(const vpriv_notice *notice)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(notice, VPRIV_E_ARG, "notice: NULL");
    VPI_ENSURE(notice->struct_size == sizeof *notice, VPRIV_E_ARG, "notice: struct_size");
    VPI_TRY(check_label(notice->id, VPRIV_NOTICE_ID_BYTES, "id"));
    VPI_TRY(check_label(notice->version, VPRIV_NOTICE_VERSION_BYTES, "version"));
    VPI_TRY(check_label(notice->language, VPRIV_LANGUAGE_BYTES, "language"));
    VPI_ENSURE(vpi_text_is_language(notice->language), VPRIV_E_FORMAT,
        "notice: language is not a language tag such as \"de\" or \"pt-BR\"");
    VPI_ENSURE(notice->text, VPRIV_E_ARG, "notice: text is NULL");
    VPI_ENSURE(notice->text_bytes > 0, VPRIV_E_FORMAT, "notice: text is empty");
    VPI_ENSURE(notice->text_bytes <= VPRIV_NOTICE_TEXT_BYTES_MAX, VPRIV_E_LIMIT,
        "notice: text is longer than %d bytes", VPRIV_NOTICE_TEXT_BYTES_MAX);
    VPI_ENSURE(vpi_text_is_utf8(notice->text, notice->text_bytes), VPRIV_E_FORMAT,
        "notice: text is not UTF-8");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_notice_hash(const vpriv_notice *notice, uint8_t *sha256_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(sha256_out, VPRIV_E_ARG, "notice: output is NULL");
    VPI_TRY(vpi_notice_check(notice));
    crypto_hash_sha256(sha256_out, (const unsigned char *)notice->text, notice->text_bytes);
    st = VPRIV_OK;
out:
    return st;
}
