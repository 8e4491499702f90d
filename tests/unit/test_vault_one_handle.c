/* One handle does everything there is, one thing after another, as in a house that is never switched off: it
 * comes to more SQL texts than a database keeps statements for. */
#include "base/database_inside.h"
#include "deeds.h"

/* What destroys comes after what needs something to be there. */
static const char *const order[] = {"about", "list", "list of Ada", "list since", "recording about",
    "subjects", "subject add", "consents", "export events", "surface trust", "surfaces", "pauses",
    "paused", "policy", "profiles", "rules", "record", "false wake", "hear", "hear once",
    "who heard", "export opus", "export wav", "derivative add", "derivatives", "derivative about",
    "derivative read", "derivative erase", "add speaker", "narrow", "hear both", "restrict", "lift",
    "verify", "checkpoint", "log", "prove", "verify checkpoint", "backup", "credential", "space",
    "recalls", "set device", "purge estimate", "list what is pending", "permit execution",
    "install", "apply", "set home", "set birth", "give", "refuse", "sync", "pause", "resume",
    "order", "publish", "tidy", "retention run", "erase", "erase before", "withdraw", "notice add",
    "purge", "purge in times", "purge by name", "retention run later", "tidy", "controller",
    "trust", "subject erase", "tidy"};

#define N_ORDER (sizeof order / sizeof order[0])

static deeds d;

/* Each text once, by its address as the database tells them apart. */
static const sqlite3 *counted;
static const char *texts[1024];
static size_t n_texts;

int __real_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int n_bytes, unsigned flags,
    sqlite3_stmt **statement_out, const char **rest_out);
int __wrap_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int n_bytes, unsigned flags,
    sqlite3_stmt **statement_out, const char **rest_out);
int __wrap_sqlite3_prepare_v3(sqlite3 *handle, const char *sql, int n_bytes, unsigned flags,
    sqlite3_stmt **statement_out, const char **rest_out)
{
    size_t i = 0;
    while (i < n_texts && texts[i] != sql)
        i++;
    if (handle == counted && i == n_texts) {
        ck_assert_uint_lt(n_texts, sizeof texts / sizeof texts[0]);
        texts[n_texts++] = sql;
    }
    return __real_sqlite3_prepare_v3(handle, sql, n_bytes, flags, statement_out, rest_out);
}

static const deed *named(const char *name)
{
    for (size_t i = 0; i < deeds_count(); i++)
        if (strcmp(deeds_at(i)->name, name) == 0)
            return deeds_at(i);
    ck_abort_msg("no deed is called %s", name);
    return NULL;
}

static void set_up(void)
{
    deeds_begin(&d);
    deeds_restore(&d);
    ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
}

static void tear_down(void)
{
    deeds_end(&d);
}

START_TEST(one_handle_does_everything)
{
    const vpriv_vault *vault = d.h.vault;
    counted = vpi_database_handle(vault->database);
    const size_t n_at_first = vault->database->n_statements;
    size_t n_done = 0;
    for (size_t i = 0; i < N_ORDER; i++) {
        const vpriv_status st = named(order[i])->act(&d);
        ck_assert_msg(st != VPRIV_E_INTERNAL, "%s: %s", order[i], vpriv_error_detail());
        n_done += st == VPRIV_OK;
    }
    ck_assert_ptr_eq(d.h.vault, vault);
    /* Otherwise this tells nothing: there must have been more texts than places. */
    ck_assert_uint_gt(n_at_first + n_texts, VPI_STATEMENTS_MAX);
    ck_assert_uint_gt(n_done, N_ORDER - 5);
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_ok(vpriv_vault_verify(d.h.vault, d.h.keyring, NULL, NULL, &verified));
    ck_assert_uint_eq(verified.n_findings, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: one handle");
    TCase *tcase = tcase_create("one handle");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, one_handle_does_everything);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
