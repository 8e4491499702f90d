/* A notice as it is kept, behind its seal. */
#include "fuzz/home.h"
#include "vault/notice_store.h"

static const home_rows rows = {.column = VPI_COLUMN_NOTICE, .row = 1};
static uint8_t text[VPRIV_NOTICE_TEXT_BYTES_MAX];

static vpriv_status load(vpriv_notice_ref *notice_out, size_t *n_text_out)
{
    int64_t row = 0;
    bool in_force = false;
    return vpi_notice_next(fuzz_home.vault, &row, notice_out, &in_force, text, n_text_out);
}

static void setup(void)
{
    vpriv_notice_ref notice;
    size_t n_text = 0;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(rows);
    fuzz_must(load(&notice, &n_text));
    home_seed_seen();
    vpi_vault_leave(fuzz_home.vault);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    static uint8_t again[VPRIV_NOTICE_TEXT_BYTES_MAX + 1024];
    vpriv_notice_ref notice;
    size_t n_text = 0;
    uint8_t hashes[VPI_NOTICES_IN_FORCE_MAX][VPRIV_SHA256_BYTES];
    uint32_t n_hashes = 0;
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_swap(rows, data, n_bytes);
    const vpriv_status st = load(&notice, &n_text);
    fuzz_check(home_n_swapped() > 0);
    const vpriv_status listed = vpi_notices_in_force(fuzz_home.vault, hashes, &n_hashes);
    fuzz_check((listed == VPRIV_OK) == (st == VPRIV_OK));
    (void)vpi_notice_in_force(fuzz_home.vault, "all", "en", &notice);
    (void)load(&notice, &n_text);
    home_swap_end();
    if (st == VPRIV_OK) {
        fuzz_check(n_text <= sizeof text);
        vpi_writer w = vpi_writer_of(again, sizeof again);
        vpi_put_text(&w, notice.id);
        vpi_put_text(&w, notice.version);
        vpi_put_text(&w, notice.language);
        vpi_put_bytes(&w, notice.sha256, sizeof notice.sha256);
        vpi_put_u32(&w, (uint32_t)n_text);
        vpi_put_bytes(&w, text, n_text);
        fuzz_check_same(data, n_bytes, again, vpi_writer_used(&w));
    } else {
        fuzz_check(st == VPRIV_E_AUTH);
    }
    vpi_vault_leave(fuzz_home.vault);
}

const fuzz_target fuzz_notice_row = {"notice_row", setup, one, 2048, 0};
