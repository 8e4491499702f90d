/* What a person's row has behind its seals: the pseudonym, the description, the index of consents. */
#include "fuzz/home.h"
#include "vault/consent_store.h"

static const home_rows person_rows = {.column = VPI_COLUMN_SUBJECT_PERSON};
static const home_rows reference_rows = {.column = VPI_COLUMN_SUBJECT_REFERENCE};
static const home_rows index_rows = {.column = VPI_COLUMN_SUBJECT_CONSENTS};

static void setup(void)
{
    vpriv_subject_info info;
    uint32_t purposes = 0;
    vpi_subject person;
    home_open();
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    home_watch(person_rows);
    fuzz_must(vpi_subject_person(fuzz_home.vault, &fuzz_home.ada, &info));
    home_seed_seen();
    home_watch(index_rows);
    fuzz_must(vpi_consent_purposes(fuzz_home.vault, fuzz_home.ada.row, &purposes));
    home_seed_seen();
    home_watch(reference_rows);
    fuzz_must(vpi_subject_load(fuzz_home.vault, fuzz_home.ada.row, &person));
    home_seed_seen();
    vpi_vault_leave(fuzz_home.vault);
}

static void try_person(const uint8_t *data, size_t n_bytes)
{
    vpriv_subject_info info;
    uint8_t again[2048];
    home_swap(person_rows, data, n_bytes);
    const vpriv_status st = vpi_subject_person(fuzz_home.vault, &fuzz_home.ada, &info);
    fuzz_check(home_n_swapped() == 1);
    home_swap_end();
    fuzz_check(st == VPRIV_OK || st == VPRIV_E_AUTH);
    if (st != VPRIV_OK)
        return;
    vpi_subject_place at = {.birth = {(uint16_t)info.birth_year, (uint8_t)info.birth_month}};
    memcpy(at.home, info.home, sizeof at.home);
    vpi_writer w = vpi_writer_of(again, sizeof again);
    vpi_put_text(&w, info.name);
    vpi_put_text(&w, info.contact);
    vpi_subject_place_put(&w, &at);
    fuzz_check_same(data, n_bytes, again, vpi_writer_used(&w));
}

static void try_index(const uint8_t *data, size_t n_bytes)
{
    static vpriv_consent_record record;
    uint64_t slots[VPI_PURPOSES_MAX], slot = 0;
    size_t n = 0;
    uint32_t purposes = 0;
    int64_t row = 0;
    home_swap(index_rows, data, n_bytes);
    fuzz_must(vpi_consent_purposes(fuzz_home.vault, fuzz_home.ada.row, &purposes));
    if (vpi_consent_grant_slots(fuzz_home.vault, fuzz_home.ada.row, slots, &n) == VPRIV_OK)
        fuzz_check(n <= VPI_PURPOSES_MAX);
    for (int p = 0; p < VPI_PURPOSES_MAX; p++)
        if (vpi_consent_latest(
                fuzz_home.vault, fuzz_home.ada.row, (vpriv_purpose)p, &record, &slot) == VPRIV_OK)
            fuzz_check(purposes >> p & 1 && record.purpose == (vpriv_purpose)p);
    while (
        vpi_consent_next_row(fuzz_home.vault, fuzz_home.ada.row, &row, &record, NULL) == VPRIV_OK)
        ;
    home_swap_end();
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpi_subject person;
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    try_person(data, n_bytes);
    home_swap(reference_rows, data, n_bytes);
    if (vpi_subject_load(fuzz_home.vault, fuzz_home.ada.row, &person) == VPRIV_OK)
        fuzz_check(person.row == fuzz_home.ada.row);
    fuzz_check(home_n_swapped() == 1);
    home_swap_end();
    try_index(data, n_bytes);
    vpi_vault_leave(fuzz_home.vault);
}

const fuzz_target fuzz_subject_row = {"subject_row", setup, one, 1024, 600};
