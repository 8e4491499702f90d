#include "vault/false_wakes.h"
#include "base/bytes.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/log_store.h"
#include "vault/policy.h"
#include <string.h>

#define US_PER_HOUR INT64_C(3600000000)

#define COUNT_BYTES (4 + 1 + 4)
#define ROW_BYTES   (1 + 1 + VPI_BURST_MAX * 8 + 1 + VPI_DAY_COUNTS_MAX * COUNT_BYTES)
_Static_assert(ROW_BYTES <= VPI_POLICY_ROW_BYTES_MAX, "fits a row of the policy");

typedef struct tally {
    vpi_burst burst;
    uint32_t n_counts;
    vpi_day_count counts[VPI_DAY_COUNTS_MAX]; /* oldest first */
} tally;

bool vpi_burst_add(vpi_burst *burst, int64_t now_us, uint32_t most_per_hour)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < burst->n; i++)
        if (now_us - burst->times_us[i] < US_PER_HOUR)
            burst->times_us[n++] = burst->times_us[i];
    if (n == VPI_BURST_MAX)
        memmove(burst->times_us, burst->times_us + 1, --n * sizeof burst->times_us[0]);
    burst->times_us[n++] = now_us;
    burst->n = n;
    if (n <= most_per_hour || burst->is_closed)
        return false;
    burst->is_closed = true;
    return true;
}

static void tag_of(const vpriv_vault *vault, uint8_t tag_out[VPI_TAG_BYTES])
{
    vpi_blind_tag(vault->secrets->policy_key, "policy: false wakes", NULL, 0, tag_out);
}

/* Whoever has a capture credential can write this row: nothing in it is taken that counting would not have
 * written, as what follows rests on it. */
static bool burst_is_possible(const vpi_burst *burst)
{
    if (burst->n > VPI_BURST_MAX)
        return false;
    for (uint32_t i = 0; i < VPI_BURST_MAX; i++)
        if (burst->times_us[i] != 0 &&
            (i >= burst->n || !vpi_time_is_plausible(burst->times_us[i])))
            return false;
    return true;
}

/* Up to the year 2400; 0 is a clock that never said anything. */
static bool is_possible_day(uint32_t day)
{
    return day == 0 || (day < 200000 && vpi_time_is_plausible(day * VPI_US_PER_DAY));
}

static bool counts_are_possible(const tally *t)
{
    if (t->n_counts > VPI_DAY_COUNTS_MAX)
        return false;
    for (uint32_t i = 0; i < VPI_DAY_COUNTS_MAX; i++) {
        const vpi_day_count *count = &t->counts[i];
        const bool is_zero = count->day == 0 && count->kind == 0 && count->n == 0;
        const bool is_known = count->kind >= VPRIV_TRIGGER_WAKE_WORD &&
                              count->kind <= VPRIV_TRIGGER_IMPORT && is_possible_day(count->day) &&
                              (i == 0 || count->day >= count[-1].day);
        if (i < t->n_counts ? !is_known : !is_zero)
            return false;
    }
    return true;
}

static vpriv_status parse(const uint8_t *plain, size_t n_bytes, tally *tally_out)
{
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    vpi_burst *burst = &tally_out->burst;
    burst->is_closed = vpi_get_flag(&r);
    burst->n = vpi_get_u8(&r);
    for (size_t i = 0; i < VPI_BURST_MAX; i++)
        burst->times_us[i] = vpi_get_i64(&r);
    tally_out->n_counts = vpi_get_u8(&r);
    for (size_t i = 0; i < VPI_DAY_COUNTS_MAX; i++) {
        vpi_day_count *count = &tally_out->counts[i];
        count->day = vpi_get_u32(&r);
        count->kind = (vpriv_trigger_kind)vpi_get_u8(&r);
        count->n = vpi_get_u32(&r);
    }
    if (vpi_reader_finish(&r, "false wakes") != VPRIV_OK || !burst_is_possible(burst) ||
        !counts_are_possible(tally_out))
        return vpi_auth_failed();
    return VPRIV_OK;
}

static vpriv_status load_row(vpriv_vault *vault, tally *tally_out, bool *there_out)
{
    uint8_t plain[VPI_PADDED_SEAL_BYTES(ROW_BYTES)], tag[VPI_TAG_BYTES];
    size_t n_bytes = 0;
    memset(tally_out, 0, sizeof *tally_out);
    tag_of(vault, tag);
    const vpriv_status st = vpi_policy_read_row(vault, tag, plain, sizeof plain, &n_bytes);
    *there_out = st != VPRIV_E_NOT_FOUND;
    if (st == VPRIV_OK)
        return parse(plain, n_bytes, tally_out);
    if (st == VPRIV_E_NOT_FOUND)
        vpi_fail_clear();
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

/* A vault that never had one has no row, and counts none. */
static vpriv_status load(vpriv_vault *vault, tally *tally_out)
{
    bool there = false;
    return load_row(vault, tally_out, &there);
}

vpriv_status vpi_false_wakes_there(vpriv_vault *vault, bool *there_out)
{
    tally t;
    return load_row(vault, &t, there_out);
}

static vpriv_status store(vpriv_vault *vault, const tally *t)
{
    uint8_t plain[ROW_BYTES], tag[VPI_TAG_BYTES];
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u8(&w, t->burst.is_closed);
    vpi_put_u8(&w, (uint8_t)t->burst.n);
    for (uint32_t i = 0; i < VPI_BURST_MAX; i++)
        vpi_put_i64(&w, i < t->burst.n ? t->burst.times_us[i] : 0);
    vpi_put_u8(&w, (uint8_t)t->n_counts);
    for (uint32_t i = 0; i < VPI_DAY_COUNTS_MAX; i++) {
        const vpi_day_count count = i < t->n_counts ? t->counts[i] : (vpi_day_count){.day = 0};
        vpi_put_u32(&w, count.day);
        vpi_put_u8(&w, (uint8_t)count.kind);
        vpi_put_u32(&w, count.n);
    }
    const vpriv_status st = vpi_writer_finish(&w, "false wakes");
    tag_of(vault, tag);
    return st == VPRIV_OK ? vpi_policy_write_row(vault, tag, plain, sizeof plain) : st;
}

static uint32_t today(vpriv_vault *vault)
{
    return (uint32_t)(vpi_vault_now_us(vault) / VPI_US_PER_DAY);
}

static void remove_count(tally *t, uint32_t at)
{
    t->n_counts--;
    memmove(t->counts + at, t->counts + at + 1, (t->n_counts - at) * sizeof t->counts[0]);
}

/* Nobody with the root came for weeks: the oldest day goes into the next one of its kind. There are
 * fewer kinds than places, so that two of the same are found. */
static void make_room(tally *t)
{
    for (uint32_t i = 0; i < t->n_counts && t->n_counts == VPI_DAY_COUNTS_MAX; i++)
        for (uint32_t j = i + 1; j < t->n_counts; j++)
            if (t->counts[j].kind == t->counts[i].kind) {
                t->counts[j].n += t->counts[i].n;
                remove_count(t, i);
                break;
            }
}

static void count_one(tally *t, uint32_t day, vpriv_trigger_kind kind)
{
    for (uint32_t i = 0; i < t->n_counts; i++)
        if (t->counts[i].day == day && t->counts[i].kind == kind) {
            t->counts[i].n++;
            return;
        }
    make_room(t);
    /* A capture process does not know what time it was before: a day that is far ahead waits behind. */
    uint32_t at = t->n_counts;
    while (at > 0 && t->counts[at - 1].day > day)
        at--;
    memmove(t->counts + at + 1, t->counts + at, (t->n_counts - at) * sizeof t->counts[0]);
    t->counts[at] = (vpi_day_count){day, kind, 1};
    t->n_counts++;
}

/* A damaged row keeps nobody from opening, rejecting or erasing. vpriv_vault_verify names it. */
static vpriv_status passed_over(void)
{
    vpi_fail_clear();
    return VPRIV_OK;
}

vpriv_status vpi_false_wakes_add(
    vpriv_vault *vault, vpriv_trigger_kind kind, uint32_t most_per_hour, bool *closed_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    tally t;
    bool closed = false;
    const vpriv_status loaded = load(vault, &t);
    if (loaded == VPRIV_E_AUTH)
        return passed_over();
    VPI_TRY(loaded);
    if (most_per_hour > 0)
        closed = vpi_burst_add(&t.burst, vpi_vault_now_us(vault), most_per_hour);
    count_one(&t, today(vault), kind);
    VPI_TRY(store(vault, &t));
    if (vault->tree)
        VPI_TRY(vpi_false_wakes_log(vault));
    *closed_out = closed;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status log_count(vpriv_vault *vault, const vpi_day_count *count)
{
    vpriv_log_entry entry = {.struct_size = sizeof entry,
        .kind = VPRIV_LOG_FALSE_WAKES,
        .time_us = count->day > 0 ? (int64_t)count->day * VPI_US_PER_DAY : 1, /* 0 would be now */
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .count = count->n,
        .actor = "device"};
    snprintf(entry.reason, sizeof entry.reason, "%s", vpriv_trigger_name(count->kind));
    return vpi_log_append(vault, &entry, NULL, 0, NULL, NULL);
}

static bool is_over(const tally *t, uint32_t day)
{
    return t->n_counts > 0 && t->counts[0].day < day;
}

vpriv_status vpi_false_wakes_log(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    tally t;
    const uint32_t day = today(vault);
    const vpriv_status loaded = load(vault, &t);
    if (loaded == VPRIV_E_AUTH)
        return passed_over();
    VPI_TRY(loaded);
    if (!is_over(&t, day))
        return VPRIV_OK;
    while (is_over(&t, day)) {
        VPI_TRY(log_count(vault, &t.counts[0]));
        remove_count(&t, 0);
    }
    VPI_TRY(store(vault, &t));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_false_wakes_are_due(vpriv_vault *vault, bool *due_out)
{
    tally t;
    const vpriv_status st = load(vault, &t);
    if (st == VPRIV_E_AUTH)
        return passed_over();
    if (st == VPRIV_OK)
        *due_out = is_over(&t, today(vault));
    return st;
}

vpriv_status vpi_false_wakes_read(
    vpriv_vault *vault, vpi_day_count counts_out[VPI_DAY_COUNTS_MAX], uint32_t *n_out)
{
    tally t;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = load(vault, &t);
    if (st == VPRIV_OK) {
        memcpy(counts_out, t.counts, sizeof t.counts);
        *n_out = t.n_counts;
    }
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpi_false_wakes_closed(vpriv_vault *vault, bool *closed_out)
{
    tally t;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = load(vault, &t);
    if (st == VPRIV_OK)
        *closed_out = t.burst.is_closed;
    vpi_vault_leave(vault);
    return st;
}

vpriv_status vpi_false_wakes_reopen(vpriv_vault *vault)
{
    tally t;
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_vault_begin(vault));
    const vpriv_status loaded = load(vault, &t);
    if (loaded == VPRIV_E_AUTH)
        memset(&t, 0, sizeof t);
    else
        VPI_TRY(loaded);
    if (loaded == VPRIV_E_AUTH || t.burst.is_closed || t.burst.n > 0) {
        memset(&t.burst, 0, sizeof t.burst);
        VPI_TRY(store(vault, &t));
        VPI_TRY(vpi_vault_commit(vault));
    }
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}
