/* A row that goes, or loses what it held, changes the page it is on; neighbours share one. Rows of a table
 * are counted by the bytes they have now: what is scattered costs a page each, at most all there are. */
#include "vault/wear.h"
#include "base/try.h"
#include "keys/tree.h"
#include <stdlib.h>

#define PAGE_BYTES 4096u
/* One commit, whatever it erases: log (payload, its index, hashes of the levels), state, heads of tree and
 * policy, the first page, parents of the tables' pages, the start of the write-ahead log. */
#define FIXED_PAGES 20
/* An entry of an index or of the queue for the sweep, in half a page at worst. */
#define ENTRIES_PER_PAGE 40
#define N_INDEXES        3 /* recording_retention, term, its index */

/* Of the table of who speaks, whose entries are small. */
#define SPEAKERS_PER_PAGE 80
#define NEAR_ROWS         4 /* share pages */

/* Pages of one table that hold these rows: bytes in them, doubled for pages that are half empty, or one
 * each and a parent for every 32 when they are scattered. */
static vpriv_status pages_of_rows(vpriv_vault *vault, const int64_t *rows, size_t n_rows,
    uint64_t *n_pages_out, uint64_t *n_runs_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t n_pages = 0, n_runs = 1, n_run_bytes = 0;
    int64_t n_bytes = 0;
    for (size_t i = 0; i < n_rows; i++) {
        VPI_TRY(vpi_database_int(vault->database, &n_bytes,
            "SELECT coalesce((SELECT length(header) FROM recording WHERE id = ?1), 0)"
            " + coalesce((SELECT length(sealed) FROM wrap WHERE recording = ?1), 0)"
            " + coalesce((SELECT length(sealed) FROM shelf WHERE recording = ?1), 0)",
            "i", rows[i]));
        if (i > 0 && llabs(rows[i] - rows[i - 1]) > NEAR_ROWS) { /* far away: pages of its own */
            n_pages += 2 * n_run_bytes / PAGE_BYTES + 4;
            n_run_bytes = 0;
            n_runs++;
        }
        n_run_bytes += (uint64_t)n_bytes + 64;
    }
    n_pages += 2 * n_run_bytes / PAGE_BYTES + 4;
    *n_pages_out = n_pages;
    *n_runs_out = n_runs;
    st = VPRIV_OK;
out:
    return st;
}

/* Of one index, whose order is about the table's: a page for each run, or all it has. */
static vpriv_status pages_of_entries(
    vpriv_vault *vault, size_t n_rows, uint64_t n_runs, uint64_t *n_pages_out)
{
    int64_t last = 0;
    const vpriv_status st =
        vpi_database_int(vault->database, &last, "SELECT coalesce(max(id), 0) FROM recording", "");
    const uint64_t n_scattered = n_rows / ENTRIES_PER_PAGE + n_runs;
    const uint64_t n_all = (uint64_t)last / ENTRIES_PER_PAGE + 1;
    *n_pages_out = n_scattered < n_all ? n_scattered : n_all;
    return st;
}

/* Of recording_subject and its index, for the speakers there are. The table is in the order of people: whoever
 * does not speak in the recording before has a page of their own, at most all there are. */
static vpriv_status pages_of_speakers(
    vpriv_vault *vault, const int64_t *rows, size_t n_rows, uint64_t n_runs, uint64_t *n_pages_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t n_entries = 0, n_apart = 0;
    int64_t n = 0, n_all = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const bool is_near = i > 0 && llabs(rows[i] - rows[i - 1]) <= NEAR_ROWS;
        VPI_TRY(vpi_database_int(vault->database, &n,
            "SELECT count(*) FROM recording_subject WHERE recording = ?1", "i", rows[i]));
        n_entries += (uint64_t)n;
        VPI_TRY(vpi_database_int(vault->database, &n,
            "SELECT count(*) FROM recording_subject AS one WHERE recording = ?1 AND NOT EXISTS"
            " (SELECT 1 FROM recording_subject WHERE tag = one.tag AND recording = ?2)",
            "ii", rows[i], is_near ? rows[i - 1] : INT64_C(0)));
        n_apart += (uint64_t)n;
    }
    VPI_TRY(
        vpi_database_int(vault->database, &n, "SELECT coalesce(max(id), 0) FROM recording", ""));
    if (n_apart > (uint64_t)n / SPEAKERS_PER_PAGE) { /* there may not be so many */
        VPI_TRY(vpi_database_int(
            vault->database, &n_all, "SELECT count(*) FROM recording_subject", ""));
        if (n_apart > (uint64_t)n_all / SPEAKERS_PER_PAGE + 1)
            n_apart = (uint64_t)n_all / SPEAKERS_PER_PAGE + 1;
    }
    *n_pages_out = n_apart + 2 * (n_entries / SPEAKERS_PER_PAGE) + n_runs;
    st = VPRIV_OK;
out:
    return st;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Nodes above these slots, each a page: the paths that a shred seals anew. */
static uint64_t pages_of_nodes(uint64_t *slots, size_t n_slots)
{
    uint64_t n_nodes = 1, below = 1; /* one more: the ingest key beside them */
    qsort(slots, n_slots, sizeof *slots, by_number);
    for (int level = 0; level < VPI_TREE_LEVELS_MAX; level++) {
        below *= VPI_NODE_KEYS;
        for (size_t i = 0; i < n_slots; i++)
            n_nodes += i == 0 || slots[i] / below != slots[i - 1] / below;
    }
    return n_nodes;
}

vpriv_status vpi_wear_window(
    vpriv_vault *vault, const int64_t *rows, size_t n_rows, uint64_t *slots, uint64_t *n_pages_io)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t n_pages = 0, n_runs = 0, n_entries = 0, n_speakers = 0;
    size_t n_slots = 0;
    for (size_t i = 0; i < n_rows; i++) {
        int64_t slot = 0;
        VPI_TRY(vpi_database_int(vault->database, &slot,
            "SELECT coalesce(key_slot, 0) FROM recording WHERE id = ?1", "i", rows[i]));
        slots[n_slots++] = (uint64_t)slot;
    }
    VPI_TRY(pages_of_rows(vault, rows, n_rows, &n_pages, &n_runs));
    VPI_TRY(pages_of_entries(vault, n_rows, n_runs, &n_entries));
    VPI_TRY(pages_of_speakers(vault, rows, n_rows, n_runs, &n_speakers));
    n_pages += pages_of_nodes(slots, n_slots) + FIXED_PAGES + N_INDEXES * n_entries + n_speakers;
    *n_pages_io += n_pages;
    st = VPRIV_OK;
out:
    return st;
}
