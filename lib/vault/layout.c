/* A file begins like every other of its format, to the page; but it may be one without pointer maps, and VACUUM
 * puts the indexes behind the tables. Its own list of tables is believed only where it fits better than what
 * is known without it: the page with that list is one that may be bad. */
#include "vault/layout.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/vault.h"
#include <stdio.h>
#include <string.h>

#define COLUMNS   5
#define N_LAYOUTS 5
/* The page that is not there without pointer maps; the next one is far behind all roots. */
#define FIRST_MAP 2
#define QUERY                                                                                      \
    "SELECT CAST(s.name AS BLOB), s.rootpage, s.type = 'index',"                                   \
    " s.type = 'table' AND NOT t.wr FROM sqlite_schema s"                                          \
    " LEFT JOIN pragma_table_list t ON t.schema = 'main' AND t.name = s.name WHERE s.rootpage > 0"

static vpriv_status read_layout(vpi_database *database, vpi_layout *layout)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    vpriv_status found = vpi_database_query(database, &row, QUERY, "");
    *layout = (vpi_layout){.n = 0, .has_indexes = true};
    for (; found == VPRIV_OK; found = vpi_row_next(&row)) {
        size_t n = 0;
        const uint8_t *name = vpi_column_blob(&row, 0, &n);
        VPI_ENSURE(layout->n < VPI_LAYOUT_MAX && name, VPRIV_E_INTERNAL, "too many tables");
        struct vpi_layout_root *root = &layout->roots[layout->n++];
        snprintf(root->name, sizeof root->name, "%.*s", (int)n, (const char *)name);
        root->page = (uint32_t)vpi_column_int(&row, 1);
        root->is_index = vpi_column_int(&row, 2) != 0;
        root->is_table = vpi_column_int(&row, 3) != 0;
    }
    VPI_ENSURE(found == VPRIV_E_NOT_FOUND, found, "%s", vpriv_error_detail());
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    return st;
}

static vpriv_status read_vacuumed(vpi_layout *layout)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_database *other = NULL;
    VPI_TRY(vpi_database_open(":memory:", VPI_DATABASE_CREATE, &other));
    VPI_TRY(vpi_database_script(other, vpi_tree_schema));
    VPI_TRY(vpi_database_script(other, vpi_vault_schema));
    VPI_TRY(vpi_database_script(other, "VACUUM"));
    VPI_TRY(read_layout(other, layout));
    /* Where an index begins there depends on what the tables have. */
    layout->has_indexes = false;
    st = VPRIV_OK;
out:
    vpi_database_close(other);
    return st;
}

static void without_map(const vpi_layout *from, vpi_layout *layout)
{
    *layout = *from;
    for (size_t i = 0; i < layout->n; i++)
        layout->roots[i].page -= layout->roots[i].page > FIRST_MAP;
}

static bool is_text(const vpi_value *value, const char *text)
{
    return value->kind == VPI_VALUE_TEXT && value->n_bytes == strlen(text) &&
           memcmp(value->bytes, text, value->n_bytes) == 0;
}

/* One line of the file's own list. What it lacks begins nowhere. */
static vpriv_status take_line(void *user, const vpi_page_row *row)
{
    vpi_layout *layout = user;
    if (row->n_values != COLUMNS || row->values[3].kind != VPI_VALUE_INT)
        return VPRIV_OK;
    for (size_t i = 0; i < layout->n; i++)
        if (is_text(&row->values[1], layout->roots[i].name) && row->values[3].number > 1 &&
            row->values[3].number <= UINT32_MAX)
            layout->roots[i].page = (uint32_t)row->values[3].number;
    return VPRIV_OK;
}

static size_t n_fitting(const vpi_layout *layout, vpi_pages *pages)
{
    size_t n = 0;
    for (size_t i = 0; i < layout->n; i++)
        if (!layout->roots[i].is_index)
            n += vpi_pages_is_tree(pages, layout->roots[i].page, layout->roots[i].is_table);
    return n;
}

vpriv_status vpi_layout_find(vpi_database *fresh, vpi_pages *pages, vpi_layout *layout_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_layout *all = NULL;
    size_t best = 0, n_best = 0;
    bool whole = false;
    VPI_TRY(vpi_alloc(N_LAYOUTS, sizeof *all, (void **)&all));
    VPI_TRY(read_layout(fresh, &all[0]));
    without_map(&all[0], &all[1]);
    all[2] = all[0];
    for (size_t i = 0; i < all[2].n; i++)
        all[2].roots[i].page = 0;
    VPI_TRY(vpi_pages_walk_schema(pages, take_line, &all[2], &whole));
    VPI_TRY(read_vacuumed(&all[3]));
    without_map(&all[3], &all[4]);
    for (size_t i = 0; i < N_LAYOUTS; i++) {
        const size_t n = n_fitting(&all[i], pages);
        if (n > n_best) {
            best = i;
            n_best = n;
        }
    }
    *layout_out = all[best];
    st = VPRIV_OK;
out:
    free(all);
    return st;
}
