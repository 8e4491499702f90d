#include "plans.h"
#include "bench.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAX 1000
#define PLAN_BYTES     400
/* A list of a thousand recordings runs its statements a thousand times, each of them short. */
#define SCANNED_ROWS_MAX 64
#define STEPS_MAX        20000

typedef struct statement {
    char *sql;
    const char *operation;
    int n_runs, scanned_rows, steps; /* the most of one run */
} statement;

static statement statements[STATEMENTS_MAX];
static int n_statements;
static const char *operation_now = "";
static bool is_watching;

static void record(const char *sql, int scanned_rows, int steps)
{
    int i = 0;
    while (i < n_statements && (strcmp(statements[i].sql, sql) != 0 ||
                                   strcmp(statements[i].operation, operation_now) != 0))
        i++;
    if (i == STATEMENTS_MAX)
        bench_die("more than %d statements", STATEMENTS_MAX);
    statement *s = &statements[i];
    if (i == n_statements) {
        s->sql = strdup(sql);
        s->operation = operation_now;
        n_statements++;
    }
    s->n_runs++;
    s->scanned_rows = scanned_rows > s->scanned_rows ? scanned_rows : s->scanned_rows;
    s->steps = steps > s->steps ? steps : s->steps;
}

static int on_profile(unsigned event, void *user, void *about, void *nanoseconds)
{
    sqlite3_stmt *ended = about;
    const char *file = sqlite3_db_filename(sqlite3_db_handle(ended), "main");
    (void)event;
    (void)user;
    (void)nanoseconds;
    if (is_watching && file && file[0]) /* the library's scratch database in memory is not a file */
        record(sqlite3_sql(ended), sqlite3_stmt_status(ended, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1),
            sqlite3_stmt_status(ended, SQLITE_STMTSTATUS_VM_STEP, 1));
    return 0;
}

static int on_connection(sqlite3 *handle, const char **error, const void *api)
{
    (void)error;
    (void)api;
    return sqlite3_trace_v2(handle, SQLITE_TRACE_PROFILE, on_profile, NULL);
}

void bench_plans_start(void)
{
    is_watching = true;
    sqlite3_auto_extension((void (*)(void))on_connection);
}

void bench_plans_label(const char *operation)
{
    operation_now = operation;
}

static void explain(sqlite3 *handle, const char *sql, char *plan, size_t capacity)
{
    sqlite3_stmt *rows = NULL;
    size_t used = 0;
    char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    plan[0] = '\0';
    if (sqlite3_prepare_v2(handle, text, -1, &rows, NULL) == SQLITE_OK)
        while (sqlite3_step(rows) == SQLITE_ROW && used < capacity)
            used += (size_t)snprintf(plan + used, capacity - used, "%s%s", used ? "; " : "",
                (const char *)sqlite3_column_text(rows, 3));
    sqlite3_finalize(rows);
    sqlite3_free(text);
}

int bench_plans_finish(const char *path, int print)
{
    sqlite3 *handle = NULL;
    char plan[PLAN_BYTES];
    int n_bad = 0;
    is_watching = false;
    sqlite3_reset_auto_extension();
    if (sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        bench_die("%s: cannot be opened", path);
    for (int i = 0; i < n_statements; i++) {
        const statement *s = &statements[i];
        const bool bad = s->scanned_rows > SCANNED_ROWS_MAX || s->steps > STEPS_MAX;
        n_bad += bad;
        explain(handle, s->sql, plan, sizeof plan);
        if (print || bad)
            fprintf(print ? stdout : stderr,
                "%s%s: %s\n    %s\n    runs %d, scanned rows %d, steps %d\n", bad ? "SCANS " : "",
                s->operation, s->sql, plan[0] ? plan : "no plan", s->n_runs, s->scanned_rows,
                s->steps);
        free(s->sql);
    }
    n_statements = 0;
    sqlite3_close(handle);
    return n_bad;
}
