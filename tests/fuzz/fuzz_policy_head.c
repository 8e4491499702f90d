/* The head of the capture policy, behind its seal. Its generation is put right: it is checked first. */
#include "fuzz/home.h"
#include "vault/settings.h"

static const uint8_t head_tag[VPI_TAG_BYTES];
static const home_rows rows = {
    .column = VPI_COLUMN_POLICY, .extra = head_tag, .n_extra_bytes = sizeof head_tag};
static vpi_policy_head head;
static uint64_t generation;

static void setup(void)
{
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(rows);
    fuzz_must(vpi_policy_read_head(fuzz_home.vault, &head));
    home_seed_seen();
    generation = head.generation;
    vpi_vault_leave(fuzz_home.vault);
    home_begin();
    head.n_pauses = 2;
    head.pauses[0] = (vpi_pause){.purposes = 6, .until_us = HOME_NOW_US, .where = "*"};
    head.pauses[1] = (vpi_pause){.purposes = 1, .from_us = 7, .until_us = 9, .where = "QX"};
    fuzz_must(vpi_policy_write_head(fuzz_home.vault, generation, NULL, &head));
    home_seed_seen();
    home_undo();
}

/* Writing sets the time and the notices in force; everything else must come out as it was. */
static void check_written(const uint8_t *data, size_t n_bytes)
{
    uint8_t settings[VPI_SETTINGS_BYTES_MAX];
    size_t n = 0;
    vpi_writer w = vpi_writer_of(settings, sizeof settings);
    vpi_settings_put(&w, &head.settings);
    const size_t n_before = 8 + VPI_KEY_BYTES + vpi_writer_used(&w);
    const size_t n_notices = head.n_notices * (size_t)VPRIV_SHA256_BYTES;
    const size_t n_behind = n_bytes - n_before - 8 - 4 - n_notices;
    home_watch(rows);
    fuzz_must(vpi_policy_write_head(fuzz_home.vault, generation, NULL, &head));
    const uint8_t *again = home_seen(&n);
    fuzz_check(n >= n_before + 8 + n_behind);
    fuzz_check_same(data, n_before, again, n_before);
    fuzz_check_same(data + n_before + 8, n_behind, again + n_before + 8, n_behind);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint8_t bytes[VPI_POLICY_ROW_BYTES_MAX];
    if (n_bytes)
        memcpy(bytes, data, n_bytes);
    vpi_writer w = vpi_writer_of(bytes, n_bytes < 8 ? 0 : 8);
    vpi_put_u64(&w, generation);
    memset(&head, 0, sizeof head);
    home_begin();
    const vpi_settings settings = fuzz_home.vault->settings;
    const int64_t seen_us = fuzz_home.vault->clock.seen_us;
    home_swap(rows, bytes, n_bytes);
    const vpriv_status st = vpi_policy_read_head(fuzz_home.vault, &head);
    fuzz_check(home_n_swapped() == 1);
    home_swap_end();
    fuzz_home.vault->settings = settings;
    fuzz_home.vault->clock.seen_us = seen_us;
    fuzz_check(st == VPRIV_OK || st == VPRIV_E_AUTH);
    if (st == VPRIV_OK) {
        fuzz_check(head.n_pauses <= VPRIV_PAUSES_MAX && head.n_notices <= VPI_NOTICES_IN_FORCE_MAX);
        (void)vpi_policy_in_force(&head, HOME_NOW_US);
        check_written(bytes, n_bytes);
    }
    home_undo();
}

const fuzz_target fuzz_policy_head = {"policy_head", setup, one, VPI_POLICY_ROW_BYTES_MAX, 0};
