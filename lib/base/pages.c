#include "base/pages.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/pages_log.h"
#include "base/try.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX     24
#define PAYLOAD_MAX   (1u << 24) /* the longest row that the library writes */
#define HEAD_BYTES    100        /* of the file, on page 1 */
#define MIN_LOCAL     489        /* (4096 - 12) * 32 / 255 - 23 */
#define MAX_LEAF      4061       /* 4096 - 35 */
#define MAX_INDEX     1002       /* (4096 - 12) * 64 / 255 - 23 */
#define CHAIN_BYTES   (VPI_PAGE_BYTES - 4)
#define FIRST_LOCK    0x40000000
#define N_LOCKS       512
#define TYPE_INDEX_IN 0x02
#define TYPE_TABLE_IN 0x05
#define TYPE_INDEX    0x0a
#define TYPE_TABLE    0x0d

enum { UNSEEN = 0, SEEN = 1, FREE = 2 };

struct vpi_pages {
    int fd;
    uint32_t n_pages; /* of the database: what the file has behind them is left over */
    uint32_t n_in_file;
    bool has_unread;
    vpi_pages_log log;
    uint8_t *state; /* of the file's pages, from 1, and then of the log's */
    uint8_t *payload;
    vpi_pages_damage_fn damage;
    void *user;
    uint8_t page[DEPTH_MAX][VPI_PAGE_BYTES];
    uint8_t chain[VPI_PAGE_BYTES];
};

/* One walk. */
typedef struct walk {
    vpi_pages *pages;
    const char *table;
    vpi_page_row_fn fn;
    void *user;
    bool whole;
    bool takes_text; /* only the list of tables has some */
} walk;

static uint32_t be16(const uint8_t *at)
{
    return vpi_big_endian(at, 2);
}

static uint32_t be32(const uint8_t *at)
{
    return vpi_big_endian(at, 4);
}

/* SQLite's varint: up to nine bytes, the ninth with all its bits. 0 when it does not end in time. */
static size_t varint(const uint8_t *at, const uint8_t *end, uint64_t *value_out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 9 && at + i < end; i++) {
        value = i == 8 ? value << 8 | at[i] : value << 7 | (at[i] & 0x7f);
        if (i == 8 || !(at[i] & 0x80)) {
            *value_out = value;
            return i + 1;
        }
    }
    return 0;
}

static vpriv_status nobody_has_it(int fd)
{
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = FIRST_LOCK;
    lock.l_len = N_LOCKS;
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK
               ? vpi_fail(VPRIV_E_BUSY, "somebody has the vault file open")
               : VPRIV_OK;
}

vpriv_status vpi_pages_open(
    const char *path, vpi_pages_damage_fn damage, void *user, vpi_pages **pages_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_pages *pages = NULL;
    uint64_t n_bytes = 0;
    VPI_TRY(vpi_alloc(1, sizeof *pages, (void **)&pages));
    pages->fd = -1;
    pages->log.fd = -1;
    pages->damage = damage;
    pages->user = user;
    VPI_TRY(vpi_file_open(path, O_RDONLY, &pages->fd, &n_bytes));
    VPI_TRY(nobody_has_it(pages->fd));
    VPI_TRY(vpi_pages_log_open(path, &pages->log));
    VPI_ENSURE(n_bytes / VPI_PAGE_BYTES < INT32_MAX, VPRIV_E_LIMIT, "%s: too large", path);
    pages->n_in_file = (uint32_t)(n_bytes / VPI_PAGE_BYTES);
    pages->n_pages = pages->log.n_pages ? pages->log.n_pages : pages->n_in_file;
    VPI_TRY(
        vpi_alloc((size_t)pages->n_in_file + 1 + pages->log.n_frames, 1, (void **)&pages->state));
    VPI_TRY(vpi_alloc(PAYLOAD_MAX, 1, (void **)&pages->payload));
    *pages_out = pages;
    pages = NULL;
    st = VPRIV_OK;
out:
    vpi_pages_close(pages);
    return st;
}

void vpi_pages_close(vpi_pages *pages)
{
    if (!pages)
        return;
    if (pages->fd >= 0)
        close(pages->fd);
    vpi_pages_log_close(&pages->log);
    free(pages->state);
    free(pages->payload);
    free(pages);
}

bool vpi_pages_log_is_cut(const vpi_pages *pages)
{
    return pages->log.is_cut;
}

bool vpi_pages_has_unread(const vpi_pages *pages)
{
    return pages->has_unread;
}

/* What is known of a page; NULL for one that is neither in the file nor in the log. */
static uint8_t *state_of(vpi_pages *pages, uint32_t page)
{
    if (page < 1 || page > pages->n_pages)
        return NULL;
    if (page <= pages->n_in_file)
        return &pages->state[page];
    const size_t at = vpi_pages_log_find(&pages->log, page);
    return at < pages->log.n_frames ? &pages->state[pages->n_in_file + 1 + at] : NULL;
}

/* Where the log has a page that cannot be read, the file has an old one. */
static bool read_page(vpi_pages *pages, uint32_t page, uint8_t *out)
{
    if (!state_of(pages, page))
        return false;
    vpriv_status st = vpi_pages_log_read(&pages->log, page, out);
    if (st == VPRIV_E_NOT_FOUND)
        st =
            vpi_file_read_at(pages->fd, out, VPI_PAGE_BYTES, (uint64_t)(page - 1) * VPI_PAGE_BYTES);
    vpi_fail_clear();
    pages->has_unread = pages->has_unread || (st != VPRIV_OK && st != VPRIV_E_FORMAT);
    return st == VPRIV_OK;
}

static void bad(walk *w, uint32_t page, const char *what)
{
    w->whole = false;
    if (w->pages->damage)
        w->pages->damage(w->pages->user, page, w->table, what);
}

/* Of all that is wrong with the cells of a page one is told: noise would have two thousand. */
static void bad_cell(walk *w, uint32_t page, bool *told_io, const char *what)
{
    w->whole = false;
    if (!*told_io)
        bad(w, page, what);
    *told_io = true;
}

/* Pages of a chain, or of a tree, belong to one row, or place, only. */
static bool take(walk *w, uint32_t page)
{
    uint8_t *state = state_of(w->pages, page);
    if (!state || *state == SEEN)
        return false;
    *state = SEEN;
    return true;
}

/* What is behind the local part; false when the chain breaks: told once of each page, its own or the cell's. */
static bool read_chain(
    walk *w, uint32_t number, bool *told_io, uint32_t next, uint8_t *out, size_t n_bytes)
{
    while (n_bytes > 0) {
        const uint32_t page = next;
        const size_t n = n_bytes < CHAIN_BYTES ? n_bytes : CHAIN_BYTES;
        if (!take(w, page)) {
            bad_cell(
                w, number, told_io, "a row goes on on a page that is not there, or another row's");
            return false;
        }
        if (!read_page(w->pages, page, w->pages->chain)) {
            bad(w, page, "a row goes on on a page that cannot be read");
            return false;
        }
        next = be32(w->pages->chain);
        memcpy(out, w->pages->chain + 4, n);
        out += n;
        n_bytes -= n;
        if ((n_bytes == 0) != (next == 0)) {
            bad(w, page, "a row does not end where it should");
            return false;
        }
    }
    return true;
}

static int64_t number_of(const uint8_t *at, size_t n_bytes)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < n_bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* Columns of a record; false when it is not one. */
static bool parse_record(const uint8_t *at, size_t n_bytes, bool takes_text, vpi_page_row *row)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8};
    const uint8_t *end = at + n_bytes;
    uint64_t n_head = 0, type = 0;
    const size_t first = varint(at, end, &n_head);
    if (first == 0 || n_head > n_bytes || n_head < first)
        return false;
    const uint8_t *types = at + first, *types_end = at + n_head, *data = types_end;
    for (row->n_values = 0; types < types_end; row->n_values++) {
        const size_t n = varint(types, types_end, &type);
        if (n == 0 || row->n_values == VPI_PAGES_COLUMNS_MAX)
            return false;
        types += n;
        vpi_value *value = &row->values[row->n_values];
        *value = (vpi_value){.kind = VPI_VALUE_NULL};
        uint64_t size = 0;
        if (type >= 12 && (type % 2 == 0 || takes_text)) {
            size = (type - 12) / 2;
            *value =
                (vpi_value){type % 2 == 0 ? VPI_VALUE_BLOB : VPI_VALUE_TEXT, 0, data, (size_t)size};
        } else if (type >= 1 && type <= 6) {
            size = sizes[type];
            value->kind = VPI_VALUE_INT;
        } else if (type == 8 || type == 9) {
            *value = (vpi_value){.kind = VPI_VALUE_INT, .number = type == 9};
        } else if (type != 0) {
            return false; /* a float or a text: no table of a vault has one */
        }
        if (size > (uint64_t)(end - data))
            return false;
        if (value->kind == VPI_VALUE_INT && size > 0)
            value->number = number_of(data, (size_t)size);
        data += size;
    }
    return data == end;
}

/* One cell with a row: of a table's leaf, or of an index. Damage is told; only the callback stops. */
static vpriv_status take_row(walk *w, uint32_t number, bool *told_io, const uint8_t *page,
    const uint8_t *cell, bool is_table)
{
    const uint8_t *end = page + VPI_PAGE_BYTES;
    vpi_page_row row = {.page = number, .has_rowid = is_table};
    uint64_t n_payload = 0, rowid = 0;
    size_t n = varint(cell, end, &n_payload);
    const uint8_t *at = cell + n;
    if (n > 0 && is_table) {
        n = varint(at, end, &rowid);
        at += n;
    }
    if (n == 0 || n_payload > PAYLOAD_MAX) {
        bad_cell(w, number, told_io, "a cell that is none");
        return VPRIV_OK;
    }
    row.rowid = (int64_t)rowid;
    const size_t most = is_table ? MAX_LEAF : MAX_INDEX;
    const size_t rest = MIN_LOCAL + (size_t)((n_payload + CHAIN_BYTES - MIN_LOCAL) % CHAIN_BYTES);
    const size_t local = n_payload <= most ? (size_t)n_payload : rest <= most ? rest : MIN_LOCAL;
    if (local + (local < n_payload ? 4 : 0) > (size_t)(end - at)) {
        bad_cell(w, number, told_io, "a cell goes over the end of its page");
        return VPRIV_OK;
    }
    memcpy(w->pages->payload, at, local);
    if (local < n_payload && !read_chain(w, number, told_io, be32(at + local),
                                 w->pages->payload + local, (size_t)n_payload - local))
        return VPRIV_OK;
    if (!w->fn)
        return VPRIV_OK;
    if (!parse_record(w->pages->payload, (size_t)n_payload, w->takes_text, &row)) {
        bad_cell(w, number, told_io, "a row that is none");
        return VPRIV_OK;
    }
    return w->fn(w->user, &row);
}

/* The head of a b-tree page: where its cells are. */
typedef struct tree_page {
    uint8_t type;
    bool is_inner, is_table;
    uint32_t n_cells;
    const uint8_t *pointers;
    uint32_t last; /* child behind the last cell */
} tree_page;

static bool parse_tree_page(const uint8_t *page, uint32_t number, tree_page *t)
{
    const uint8_t *head = page + (number == 1 ? HEAD_BYTES : 0);
    t->type = head[0];
    t->is_inner = t->type == TYPE_INDEX_IN || t->type == TYPE_TABLE_IN;
    t->is_table = t->type == TYPE_TABLE || t->type == TYPE_TABLE_IN;
    if (!t->is_inner && t->type != TYPE_INDEX && t->type != TYPE_TABLE)
        return false;
    t->n_cells = be16(head + 3);
    t->last = t->is_inner ? be32(head + 8) : 0;
    t->pointers = head + (t->is_inner ? 12 : 8);
    return t->pointers + 2 * (size_t)t->n_cells <= page + VPI_PAGE_BYTES;
}

static vpriv_status walk_page(walk *w, uint32_t number, int depth, bool is_table);

static vpriv_status walk_cells(
    walk *w, const tree_page *t, uint32_t number, const uint8_t *page, int depth)
{
    vpriv_status st = VPRIV_OK;
    bool told = false;
    for (uint32_t i = 0; i < t->n_cells && st == VPRIV_OK; i++) {
        const uint32_t at = be16(t->pointers + 2 * (size_t)i);
        if (at < (size_t)(t->pointers - page) + 2 * (size_t)t->n_cells || at + 4 > VPI_PAGE_BYTES) {
            bad_cell(w, number, &told, "a cell lies outside of its page");
            continue;
        }
        if (t->is_inner)
            st = walk_page(w, be32(page + at), depth + 1, t->is_table);
        if (st == VPRIV_OK && (!t->is_inner || !t->is_table))
            st = take_row(w, number, &told, page, page + at + (t->is_inner ? 4 : 0), t->is_table);
    }
    if (t->is_inner && st == VPRIV_OK)
        st = walk_page(w, t->last, depth + 1, t->is_table);
    return st;
}

static vpriv_status walk_page(walk *w, uint32_t number, int depth, bool is_table)
{
    tree_page t;
    if (depth == DEPTH_MAX || !take(w, number)) {
        bad(w, number, "a page that is not there, or in two places");
        return VPRIV_OK;
    }
    uint8_t *page = w->pages->page[depth];
    if (!read_page(w->pages, number, page) || !parse_tree_page(page, number, &t) ||
        t.is_table != is_table) {
        bad(w, number, "the page is damaged");
        return VPRIV_OK;
    }
    return walk_cells(w, &t, number, page, depth);
}

static vpriv_status walk_from(walk *w, uint32_t root, bool *whole_out)
{
    vpi_pages *pages = w->pages;
    tree_page t;
    uint8_t *page = pages->page[0];
    /* The root says which kind of tree it is; a bad one is told by the walk. */
    const bool is_table =
        !read_page(pages, root, page) || !parse_tree_page(page, root, &t) || t.is_table;
    const vpriv_status st = walk_page(w, root, 0, is_table);
    *whole_out = w->whole;
    return st;
}

vpriv_status vpi_pages_walk(vpi_pages *pages, const char *table, uint32_t root, vpi_page_row_fn fn,
    void *user, bool *whole_out)
{
    walk w = {pages, table, fn, user, true, false};
    return walk_from(&w, root, whole_out);
}

vpriv_status vpi_pages_walk_schema(
    vpi_pages *pages, vpi_page_row_fn fn, void *user, bool *whole_out)
{
    walk w = {pages, "sqlite_schema", fn, user, true, true};
    return walk_from(&w, 1, whole_out);
}

bool vpi_pages_is_tree(vpi_pages *pages, uint32_t page, bool is_table)
{
    tree_page t;
    uint8_t *bytes = pages->page[0];
    return read_page(pages, page, bytes) && parse_tree_page(bytes, page, &t) &&
           t.is_table == is_table;
}

/* Neither in a tree nor in the list yet. */
static bool set_free(vpi_pages *pages, uint32_t page)
{
    uint8_t *state = state_of(pages, page);
    if (!state || *state != UNSEEN)
        return false;
    *state = FREE;
    return true;
}

bool vpi_pages_free_list(vpi_pages *pages)
{
    uint8_t *page = pages->page[0];
    if (!read_page(pages, 1, page) || memcmp(page, "SQLite format 3", 16) != 0)
        return false;
    const uint32_t n_free = be32(page + 36);
    uint32_t trunk = be32(page + 32), n = 0;
    while (trunk != 0) {
        if (!set_free(pages, trunk) || !read_page(pages, trunk, page))
            return false;
        n++;
        trunk = be32(page);
        const uint32_t n_leaves = be32(page + 4);
        if (n_leaves > VPI_PAGE_BYTES / 4 - 2)
            return false;
        for (uint32_t i = 0; i < n_leaves; i++, n++) {
            const uint32_t leaf = be32(page + 8 + 4 * (size_t)i);
            if (leaf < 1 || leaf > pages->n_pages ||
                (state_of(pages, leaf) && !set_free(pages, leaf)))
                return false;
        }
    }
    return n == n_free;
}

/* Rows of a leaf page that nothing leads to. */
static vpriv_status take_stray(walk *w, uint32_t number)
{
    tree_page t;
    uint8_t *page = w->pages->page[0], *state = state_of(w->pages, number);
    if (!state || *state != UNSEEN || !read_page(w->pages, number, page) ||
        !parse_tree_page(page, number, &t) || t.is_inner)
        return VPRIV_OK;
    *state = SEEN;
    return walk_cells(w, &t, number, page, 0);
}

vpriv_status vpi_pages_strays(vpi_pages *pages, vpi_page_row_fn fn, void *user)
{
    vpriv_status st = VPRIV_OK;
    walk w = {pages, NULL, fn, user, true, false};
    /* What a chain takes is no leaf; what looks like one and is a chain is told by its shape. */
    for (uint32_t number = 2; number <= pages->n_in_file && st == VPRIV_OK; number++)
        st = take_stray(&w, number);
    for (size_t i = 0; i < pages->log.n_frames && st == VPRIV_OK; i++)
        if (pages->log.frames[i].page > pages->n_in_file)
            st = take_stray(&w, pages->log.frames[i].page);
    return st;
}
