/* Whatever is done to the values of any column of any table, while a vault is open or before it is opened, each
 * call does what it should or refuses, says why, and has changed nothing when it refused; what is heard is what
 * was recorded. In make check some calls are tried for each damage; with VAULT_DAMAGED=all every one. */
#include "deeds.h"
#include <sqlite3.h>
#include <stdio.h>

static deeds d;

static void set_up(void)
{
    deeds_begin(&d);
}

static void tear_down(void)
{
    deeds_end(&d);
}

#define BIT(status) (UINT32_C(1) << -(int)(status))
/* What damage can be taken for: a row that is not there, a person or recording that is gone, a consent that does
 * not hold. Nothing of the program's own, and no argument. */
#define MAY                                                                                        \
    (BIT(VPRIV_E_AUTH) | BIT(VPRIV_E_FORMAT) | BIT(VPRIV_E_VERSION) | BIT(VPRIV_E_ROLLBACK) |      \
        BIT(VPRIV_E_ROOT) | BIT(VPRIV_E_CONSENT) | BIT(VPRIV_E_NOT_FOUND) | BIT(VPRIV_E_EXISTS) |  \
        BIT(VPRIV_E_STATE) | BIT(VPRIV_E_ERASED) | BIT(VPRIV_E_NO_KEY) | BIT(VPRIV_E_LIMIT) |      \
        BIT(VPRIV_E_IO))

/* @ is a table, # one of its columns. What a table or a type does not allow is not done. */
static const char *const ways[] = {
    "UPDATE @ SET # = zeroblob(length(#))",
    "UPDATE @ SET # = substr(#, 1, length(#) - 1)",
    "UPDATE @ SET # = x''",
    "UPDATE @ SET # = NULL",
    "UPDATE @ SET # = -# - 1",
    "UPDATE @ SET # = # + 1",
    "UPDATE @ SET # = 4611686018427387904 + #",
    /* of the row behind it */
    "UPDATE OR IGNORE @ SET # = (SELECT o.# FROM @ AS o WHERE o.rowid > @.rowid"
    " ORDER BY o.rowid LIMIT 1) WHERE rowid < (SELECT max(rowid) FROM @)",
    /* as it was in an older copy */
    "UPDATE @ SET # = (SELECT o.# FROM old.@ AS o WHERE o.rowid = @.rowid) WHERE"
    " rowid IN (SELECT rowid FROM old.@)",
};
static const char *const whole[] = {
    "DELETE FROM @",
    "DELETE FROM @ WHERE rowid = (SELECT max(rowid) FROM @)",
    "DELETE FROM @ WHERE rowid = (SELECT min(rowid) FROM @)",
    "DELETE FROM @ WHERE rowid NOT IN (SELECT rowid FROM old.@)",
};
#define N_WAYS  (sizeof ways / sizeof ways[0])
#define N_WHOLE (sizeof whole / sizeof whole[0])

static bool is_all(void)
{
    const char *wanted = getenv("VAULT_DAMAGED");
    return wanted && strcmp(wanted, "all") == 0;
}

typedef struct damage {
    char sql[512];
} damage;
static damage damages[1024];
static size_t n_damages;

static sqlite3 *raw(void)
{
    char attach[PATH_BYTES + 64];
    sqlite3 *database = NULL;
    ck_assert_int_eq(sqlite3_open_v2(d.h.path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    snprintf(attach, sizeof attach, "ATTACH '%s' AS old", d.old);
    ck_assert_int_eq(sqlite3_exec(database, attach, NULL, NULL, NULL), SQLITE_OK);
    return database;
}

/* True when it changed something. */
static bool do_damage(const char *sql)
{
    sqlite3 *database = raw();
    const int code = sqlite3_exec(database, sql, NULL, NULL, NULL);
    const bool changed = code == SQLITE_OK && sqlite3_changes(database) > 0;
    sqlite3_close(database);
    return changed;
}

static void add_damage(const char *way, const char *table, const char *column)
{
    static size_t n_thought_of;
    ck_assert_uint_lt(n_damages, sizeof damages / sizeof damages[0]);
    if (!is_all() && n_thought_of++ % 3 != 0)
        return;
    char *sql = damages[n_damages].sql;
    size_t n = 0;
    for (const char *at = way; *at; at++) {
        const char *what = *at == '@' ? table : *at == '#' ? column : NULL;
        n += (size_t)(what ? snprintf(sql + n, sizeof damages[0].sql - n, "%s", what)
                           : snprintf(sql + n, sizeof damages[0].sql - n, "%c", *at));
        ck_assert_uint_lt(n, sizeof damages[0].sql);
    }
    deeds_restore(&d);
    const uint64_t before = household_print(&d.h);
    if (do_damage(sql) && household_print(&d.h) != before)
        n_damages++;
}

static void find_damages(void)
{
    sqlite3_stmt *columns = NULL;
    char table[64] = "";
    deeds_restore(&d);
    sqlite3 *database = raw();
    struct {
        char table[64], column[64];
    } found[128];
    size_t n = 0;
    ck_assert_int_eq(sqlite3_prepare_v2(database,
                         "SELECT t.name, c.name FROM main.sqlite_schema AS t,"
                         " pragma_table_info(t.name) AS c WHERE t.type = 'table'",
                         -1, &columns, NULL),
        SQLITE_OK);
    while (sqlite3_step(columns) == SQLITE_ROW) {
        ck_assert_uint_lt(n, 128);
        snprintf(found[n].table, sizeof found[n].table, "%.63s",
            (const char *)sqlite3_column_text(columns, 0));
        snprintf(found[n++].column, sizeof found[0].column, "%.63s",
            (const char *)sqlite3_column_text(columns, 1));
    }
    sqlite3_finalize(columns);
    sqlite3_close(database);
    ck_assert_uint_gt(n, 40);
    for (size_t i = 0; i < n; i++) {
        for (size_t w = 0; w < N_WHOLE && strcmp(table, found[i].table) != 0; w++)
            add_damage(whole[w], found[i].table, "");
        memcpy(table, found[i].table, sizeof table);
        for (size_t w = 0; w < N_WAYS; w++)
            add_damage(ways[w], found[i].table, found[i].column);
    }
    ck_assert_uint_gt(n_damages, is_all() ? 200 : 60);
}

/* In make check a third of the damages meet a few calls each, other ones in turn. */
static bool is_tried(size_t n_damage, size_t n_deed)
{
    return is_all() || (n_damage * 7 + n_deed) % 61 == 0;
}

static size_t n_wrong;

static void wrong(const char *sql, const char *name, const char *what, vpriv_status st)
{
    n_wrong++;
    printf("%s; %s: %s: %s: %s\n", sql, name, what, vpriv_status_text(st), vpriv_error_detail());
}

static void judge(
    const char *sql, const char *name, vpriv_status st, unsigned flags, uint64_t before)
{
    if (st == VPRIV_OK)
        return;
    const uint32_t may = flags & DEED_NAMES ? MAY | BIT(VPRIV_E_ARG) : MAY;
    if (!(may >> -(int)st & 1))
        wrong(sql, name, "not for this reason", st);
    if (vpriv_error_detail()[0] == '\0')
        wrong(sql, name, "without a word", st);
    if (!(flags & (DEED_STEPS | DEED_TELLS)) && household_print(&d.h) != before)
        wrong(sql, name, "refused, and something has changed", st);
}

static void judge_sound(const char *sql, const char *name)
{
    uint64_t sound = 0;
    const vpriv_status st = deeds_listen(&d, &sound);
    if (st == VPRIV_OK ? sound != d.sound : !(MAY >> -(int)st & 1))
        wrong(sql, name, "heard afterwards", st);
}

/* Opened before it was damaged, or after. */
static bool try_one(const char *sql, const deed *what, bool opened_before)
{
    deeds_restore(&d);
    if (opened_before)
        ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
    if (!do_damage(sql))
        return false; /* opening has dealt with those rows */
    if (!opened_before) {
        const vpriv_status st = household_open_vault(&d.h, d.h.path, &d.h.vault);
        judge(sql, "open", st, DEED_STEPS, 0);
        if (st != VPRIV_OK)
            return true;
    }
    const uint64_t before = household_print(&d.h);
    const vpriv_status st = what->act(&d);
    judge(sql, what->name, st, what->flags, before);
    if (d.h.vault)
        judge_sound(sql, what->name);
    return true;
}

/* Without damage every call does what it should: the list is one of calls that can. */
START_TEST(all_is_well_without_damage)
{
    for (size_t i = 0; i < deeds_count(); i++) {
        deeds_restore(&d);
        ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
        const vpriv_status st = deeds_at(i)->act(&d);
        ck_assert_msg(st == VPRIV_OK, "%s: %s: %s", deeds_at(i)->name, vpriv_status_text(st),
            vpriv_error_detail());
    }
}
END_TEST

START_TEST(damage_is_refused_and_nothing_changes)
{
    size_t n = 0;
    find_damages();
    for (size_t i = 0; i < n_damages; i++)
        for (size_t k = 0; k < deeds_count(); k++)
            if (is_tried(i, k))
                n += try_one(damages[i].sql, deeds_at(k), _i == 0);
    printf("%zu damages, %zu calls tried\n", n_damages, n);
    ck_assert_uint_gt(n, 60);
    ck_assert_uint_eq(n_wrong, 0);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    Suite *suite = suite_create("vault: damaged");
    TCase *tcase = tcase_create("damaged");
    tcase_set_timeout(tcase, is_all() ? 1800 : 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, all_is_well_without_damage);
    tcase_add_loop_test(tcase, damage_is_refused_and_nothing_changes, 0, 2);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
