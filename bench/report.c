#include "bench.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX   500
#define TEXT_BYTES 160

typedef struct row {
    char group[TEXT_BYTES];
    char what[TEXT_BYTES];
    char unit[24];
    char text[TEXT_BYTES]; /* of a fact; empty for a number */
    double median, low, high, aim;
    bench_goal goal;
} row;

static row rows[ROWS_MAX];
static size_t n_rows;
static char group[TEXT_BYTES];

void bench_die(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fprintf(stderr, "voicepriv-bench: ");
    vfprintf(stderr, format, values);
    fprintf(stderr, "\n");
    va_end(values);
    exit(1);
}

void bench_check(vpriv_status status, const char *what)
{
    if (status != VPRIV_OK)
        bench_die("%s: %s (%s)", what, vpriv_status_text(status), vpriv_error_detail());
}

void *bench_alloc(size_t n_bytes)
{
    void *memory = calloc(1, n_bytes ? n_bytes : 1);
    if (!memory)
        bench_die("no memory for %zu bytes", n_bytes);
    return memory;
}

static row *add(const char *what, const char *unit)
{
    if (n_rows == ROWS_MAX)
        bench_die("more than %d rows", ROWS_MAX);
    row *r = &rows[n_rows++];
    snprintf(r->group, sizeof r->group, "%s", group);
    snprintf(r->what, sizeof r->what, "%s", what);
    snprintf(r->unit, sizeof r->unit, "%s", unit);
    return r;
}

void bench_group(const char *title)
{
    snprintf(group, sizeof group, "%s", title);
    fprintf(stderr, "… %s\n", title);
}

void bench_fact(const char *what, const char *format, ...)
{
    va_list values;
    row *r = add(what, "");
    va_start(values, format);
    vsnprintf(r->text, sizeof r->text, format, values);
    va_end(values);
}

void bench_row(
    const char *what, const char *unit, const double *values, size_t n, bench_goal goal, double aim)
{
    double *sorted = bench_alloc(n * sizeof *sorted);
    row *r = add(what, unit);
    memcpy(sorted, values, n * sizeof *sorted);
    r->median = bench_median(sorted, n);
    r->low = sorted[0];
    r->high = sorted[n - 1];
    r->goal = goal;
    r->aim = aim;
    free(sorted);
}

void bench_row_scaled(const char *what, const char *unit, const double *values_ns, double scale)
{
    double scaled[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++)
        scaled[i] = values_ns[i] * scale;
    bench_row(what, unit, scaled, BENCH_ROUNDS, BENCH_NO_GOAL, 0);
}

void bench_row_ms(const char *what, const double *values_ns, double aim_ms)
{
    double scaled[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++)
        scaled[i] = values_ns[i] * 1e-6;
    bench_row(what, "ms", scaled, BENCH_ROUNDS, aim_ms > 0 ? BENCH_AT_MOST : BENCH_NO_GOAL, aim_ms);
}

void bench_row_one(const char *what, const char *unit, double value, bench_goal goal, double aim)
{
    bench_row(what, unit, &value, 1, goal, aim);
}

void bench_row_ratio(
    const char *what, const double *left, const double *right, bench_goal goal, double aim)
{
    double ratios[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++)
        ratios[i] = left[i] / right[i];
    bench_row(what, "×", ratios, BENCH_ROUNDS, goal, aim);
}

static bool is_met(const row *r)
{
    return r->goal == BENCH_AT_MOST ? r->median <= r->aim : r->median >= r->aim;
}

static void print_number(char *text, size_t capacity, double value)
{
    const double size = value < 0 ? -value : value;
    const int digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
    snprintf(text, capacity, "%.*f", digits, value);
}

/* Columns are counted in characters, not bytes. */
static void print_padded(const char *text, int width)
{
    int n = 0;
    for (const char *at = text; *at; at++)
        n += ((unsigned char)*at & 0xc0) != 0x80;
    printf("%s%*s", text, n < width ? width - n : 0, "");
}

static void print_row(const row *r)
{
    char median[32], low[32], high[32], aim[32];
    if (r->text[0]) {
        printf("  ");
        print_padded(r->what, 52);
        printf(" %s\n", r->text);
        return;
    }
    print_number(median, sizeof median, r->median);
    print_number(low, sizeof low, r->low);
    print_number(high, sizeof high, r->high);
    print_number(aim, sizeof aim, r->aim);
    printf("  ");
    print_padded(r->what, 52);
    printf(" %10s ", median);
    print_padded(r->unit, 8);
    if (r->low < r->high)
        printf("%10s … %-10s", low, high);
    else
        printf("%23s", "");
    if (r->goal != BENCH_NO_GOAL)
        printf("  aim %s %s: %s", r->goal == BENCH_AT_MOST ? "≤" : "≥", aim,
            is_met(r) ? "met" : "MISSED");
    printf("\n");
}

static void print_table(void)
{
    const char *last = "";
    for (size_t i = 0; i < n_rows; i++) {
        if (strcmp(last, rows[i].group) != 0)
            printf("\n%s\n", rows[i].group);
        last = rows[i].group;
        print_row(&rows[i]);
    }
}

static void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void print_json(void)
{
    printf("[\n");
    for (size_t i = 0; i < n_rows; i++) {
        const row *r = &rows[i];
        printf("  {\"group\": ");
        print_string(r->group);
        printf(", \"what\": ");
        print_string(r->what);
        if (r->text[0]) {
            printf(", \"text\": ");
            print_string(r->text);
        } else {
            printf(", \"unit\": ");
            print_string(r->unit);
            printf(", \"median\": %.6g, \"low\": %.6g, \"high\": %.6g", r->median, r->low, r->high);
        }
        if (r->goal != BENCH_NO_GOAL)
            printf(", \"aim\": \"%s\", \"aim_value\": %.6g, \"met\": %s",
                r->goal == BENCH_AT_MOST ? "at most" : "at least", r->aim,
                is_met(r) ? "true" : "false");
        printf("}%s\n", i + 1 < n_rows ? "," : "");
    }
    printf("]\n");
}

void bench_report(bool as_json)
{
    if (as_json)
        print_json();
    else
        print_table();
}
