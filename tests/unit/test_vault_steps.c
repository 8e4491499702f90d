/* The n-th step of SQLite fails, or all from the n-th on, or the n-th allocation that the library makes itself,
 * in every call there is: the call says what it was, and has changed nothing. In make check some of each call
 * are tried; with VAULT_STEPS=all every one. tests/fault/test_below does the same for fewer calls and looks at
 * everything that a vault tells; here it is every value of every row. */
#include "deeds.h"
#include <sqlite3.h>
#include <stdio.h>

static deeds d;

enum { STEP, STEPS, ALLOCATION, N_KINDS };
static int kind;
static uint64_t n_until_failure; /* 0: none fails */
static uint64_t n_steps;

static bool is_to_fail(bool is_step)
{
    if (deeds_prepare || is_step != (kind != ALLOCATION))
        return false;
    n_steps++;
    if (n_until_failure == 0 || --n_until_failure > 0)
        return false;
    n_until_failure = kind == STEPS;
    return true;
}

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    return is_to_fail(true) ? SQLITE_IOERR : __real_sqlite3_step(statement);
}

vpriv_status __real_vpi_alloc(size_t n, size_t n_bytes, void **memory_out);
vpriv_status __wrap_vpi_alloc(size_t n, size_t n_bytes, void **memory_out);
vpriv_status __wrap_vpi_alloc(size_t n, size_t n_bytes, void **memory_out)
{
    return is_to_fail(false) ? vpi_fail(VPRIV_E_MEMORY, "no memory")
                             : __real_vpi_alloc(n, n_bytes, memory_out);
}

vpriv_status __real_vpi_secret_alloc(size_t n_bytes, void **memory_out);
vpriv_status __wrap_vpi_secret_alloc(size_t n_bytes, void **memory_out);
vpriv_status __wrap_vpi_secret_alloc(size_t n_bytes, void **memory_out)
{
    return is_to_fail(false) ? vpi_fail(VPRIV_E_MEMORY, "no memory that is locked")
                             : __real_vpi_secret_alloc(n_bytes, memory_out);
}

static void set_up(void)
{
    deeds_begin(&d);
}

static void tear_down(void)
{
    n_until_failure = 0;
    deeds_end(&d);
}

/* Opening is a deed here as well. */
static vpriv_status act(size_t n_deed)
{
    return n_deed < deeds_count() ? deeds_at(n_deed)->act(&d)
                                  : household_open_vault(&d.h, d.h.path, &d.h.vault);
}

static void begin(size_t n_deed)
{
    deeds_restore(&d);
    if (n_deed < deeds_count())
        ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
}

static uint64_t count_steps(size_t n_deed)
{
    begin(n_deed);
    n_steps = 0;
    ck_ok(act(n_deed));
    return n_steps;
}

/* What cannot be read may be taken for damage, and a finding is one. */
#define MAY                                                                                        \
    (1u << -VPRIV_E_IO | 1u << -VPRIV_E_AUTH | 1u << -VPRIV_E_BUSY | 1u << -VPRIV_E_ROOT |         \
        1u << -VPRIV_E_NOT_FOUND | 1u << -VPRIV_E_CONSENT)

/* The last six steps come behind the commit that destroys: of the deed it says that it is not final, but the vault has
 * it, and goes on. */
static bool is_done_all_the_same(vpriv_status st, unsigned flags, uint64_t n, uint64_t n_all)
{
    if (st != VPRIV_E_ROOT || !(flags & DEED_SHREDS) || n + 6 <= n_all)
        return false;
    vpriv_vault_close(d.h.vault);
    d.h.vault = NULL;
    return household_open_vault(&d.h, d.h.path, &d.h.vault) == VPRIV_OK;
}

/* True when what happened is as it should be. */
static bool try_step(size_t n_deed, uint64_t n, uint64_t n_all)
{
    const char *name = n_deed < deeds_count() ? deeds_at(n_deed)->name : "open";
    const unsigned flags = n_deed < deeds_count() ? deeds_at(n_deed)->flags : DEED_STEPS;
    begin(n_deed);
    const uint64_t before = household_print(&d.h);
    n_until_failure = n;
    const vpriv_status st = act(n_deed);
    n_until_failure = 0;
    const char *problem = NULL;
    const uint32_t may = kind == ALLOCATION ? 1u << -VPRIV_E_MEMORY
                         : kind == STEPS
                             ? MAY | 1u << -VPRIV_E_MEMORY /* of a rollback that fails */
                             : MAY;
    if (st != VPRIV_OK && !(may >> -(int)st & 1))
        problem = "not for this reason";
    else if (st != VPRIV_OK && vpriv_error_detail()[0] == '\0')
        problem = "without a word";
    else if (st != VPRIV_OK && !(flags & (DEED_STEPS | DEED_TELLS)) &&
             household_print(&d.h) != before && !is_done_all_the_same(st, flags, n, n_all))
        problem = "refused, and something has changed";
    if (problem)
        printf("%s, step %llu of %llu%s: %s: %s: %s\n", name, (unsigned long long)n,
            (unsigned long long)n_all,
            kind == STEPS  ? " on"
            : kind == STEP ? ""
                           : " (memory)",
            problem, vpriv_status_text(st), vpriv_error_detail());
    return problem == NULL;
}

static bool is_all(void)
{
    const char *wanted = getenv("VAULT_STEPS");
    return wanted && strcmp(wanted, "all") == 0;
}

START_TEST(what_fails_is_told_and_nothing_has_changed)
{
    uint64_t n_tried = 0, n_wrong = 0;
    kind = _i;
    for (size_t i = 0; i <= deeds_count(); i++) {
        if (kind == ALLOCATION && i < deeds_count() && deeds_at(i)->flags & DEED_ASSERTS)
            continue;
        const uint64_t n = count_steps(i);
        const uint64_t first = is_all() || n == 0 ? 1 : 1 + i % n, step = is_all() ? 1 : 1 + n / 2;
        for (uint64_t at = first; at <= n; at += step) {
            n_wrong += !try_step(i, at, n);
            n_tried++;
        }
    }
    printf("%llu failed\n", (unsigned long long)n_tried);
    ck_assert_uint_gt(n_tried, deeds_count() / 2);
    ck_assert_uint_eq(n_wrong, 0);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    Suite *suite = suite_create("vault: steps of SQLite");
    TCase *tcase = tcase_create("steps");
    tcase_set_timeout(tcase, is_all() ? 1800 : 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, what_fails_is_told_and_nothing_has_changed, 0, N_KINDS);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
