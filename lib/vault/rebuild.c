#include "vault/rebuild.h"
#include "base/memory.h"
#include "base/try.h"
#include "vault/layout.h"
#include <stdio.h>
#include <string.h>

/* Columns: R the row's number, i an integer, b bytes, I and B the same or NULL. */
typedef struct table_form {
    const char *name;
    const char *columns;
    const char *insert;
    const char *same;         /* finds a row that is there already, with the same content */
    const char *reached;      /* finds a row in the way that was not found astray */
    const char *spoilt;       /* finds what else had the row's number or name, and is not taken */
    const char *spoil_others; /* what is in the way is not taken, */
    const char *spoil;        /* nor what has the row's number or name, */
    const char *remove;       /* and what is in the way goes */
    const char *stray;        /* the row was found astray */
    size_t n_bytes;           /* of its last column, where that is always the same */
    bool never_changes;       /* rows are only added */
} table_form;

/* What no two rows have in common: how to find it, its two columns (+: to be found by an index whose columns are
 * of no type), the row's own; and one more. */
#define BY_ID          "id = ?1", "+id, 0", "?1, 0", "NULL", "NULL"
#define BY_RECORDING   "recording = ?1", "+recording, 0", "?1, 0", "NULL", "NULL"
#define BY_TAG         "tag = ?1", "+tag, 0", "?1, 0", "NULL", "NULL"
#define BY_BOTH(a, b)  a " = ?1 AND " b " = ?2", "+" a ", +" b, "?1, ?2", "NULL", "NULL"
#define BY_ID_AND(tag) "id = ?1 OR " tag " = ?2", "+id, 0", "?1, 0", tag, "?2"

#define FORM(name, columns, marks, by, n_bytes, never_changes)                                     \
    FORM_OF(name, columns, marks, by, n_bytes, never_changes)
#define FORM_OF(                                                                                   \
    name, columns, marks, key, both, own_both, other, own_other, n_bytes, never_changes)           \
    {                                                                                              \
        name, columns, "INSERT INTO " name " VALUES (" marks ")",                                  \
            "SELECT " marks " INTERSECT SELECT * FROM " name " WHERE " key,                        \
            "SELECT 1 FROM " name " WHERE (" key ") AND NOT EXISTS (SELECT 1 FROM astray"          \
            " WHERE (of, one, two) = ('" name "', " both "))",                                     \
            "SELECT 1 FROM spoilt WHERE (of, one, two) = ('" name "', " own_both ") UNION ALL"     \
            " SELECT 1 FROM spoilt WHERE (of, other) = ('" name "', " own_other ")",               \
            "INSERT INTO spoilt SELECT '" name "', " both ", " other " FROM " name " WHERE " key,  \
            "INSERT INTO spoilt VALUES ('" name "', " own_both ", " own_other ")",                 \
            "DELETE FROM " name " WHERE " key,                                                     \
            "INSERT INTO astray VALUES ('" name "', " own_both ")", n_bytes, never_changes         \
    }

/* While rows are taken; by table. Strays may be as many as all rows, so that this is in the file, too. */
static const char begin_notes[] =
    "CREATE TABLE astray(of, one, two, PRIMARY KEY (of, one, two)) WITHOUT ROWID;"
    "CREATE TABLE spoilt(of, one, two, other);"
    "CREATE INDEX spoilt_both ON spoilt(of, one, two);"
    "CREATE INDEX spoilt_other ON spoilt(of, other);";
static const char end_notes[] = "DROP TABLE astray; DROP TABLE spoilt;";

static const table_form forms[] = {FORM("key_node", "Rb", "?1, ?2", BY_ID, 4042, false),
    FORM("root_pending", "Rib", "?1, ?2, ?3", BY_ID, 73, false),
    FORM("root_state", "Rib", "?1, ?2, ?3", BY_ID, 297, false),
    FORM("meta", "Rbbi", "?1, ?2, ?3, ?4", BY_ID, 0, false),
    FORM("state", "Rb", "?1, ?2", BY_ID, 0, false),
    FORM("purpose", "Rb", "?1, ?2", BY_ID, 73, false),
    FORM("jurisdiction", "Rb", "?1, ?2", BY_ID, 0, false),
    FORM("notice", "Rbbb", "?1, ?2, ?3, ?4", BY_ID_AND("tag"), 0, true),
    FORM("subject", "Rbibbb", "?1, ?2, ?3, ?4, ?5, ?6", BY_ID_AND("tag"), 301, false),
    FORM("consent_record", "Rib", "?1, ?2, ?3", BY_ID, 0, true),
    FORM("consent_event", "Rib", "?1, ?2, ?3", BY_ID, 0, true),
    FORM("policy", "bb", "?1, ?2", BY_TAG, 0, false),
    FORM("recording", "RbiiIB", "?1, ?2, ?3, ?4, ?5, ?6", BY_ID_AND("name"), 0, false),
    FORM("recording_subject", "bi", "?1, ?2", BY_BOTH("tag", "recording"), 0, false),
    FORM("wrap", "Rb", "?1, ?2", BY_RECORDING, 0, false),
    FORM("shelf", "Rb", "?1, ?2", BY_RECORDING, 0, false),
    FORM("derivative", "Rbib", "?1, ?2, ?3, ?4", BY_ID_AND("name"), 0, true),
    FORM("block", "Rb", "?1, ?2", BY_ID, 4096, true),
    FORM("ingest", "iib", "?1, ?2, ?3", BY_BOTH("recording", "kind"), 0, false),
    FORM("sweep", "RiBii", "?1, ?2, ?3, ?4, ?5", BY_ID, 0, false),
    FORM("log_hash", "Rb", "?1, ?2", BY_ID, 32, true),
    FORM("log_payload", "RBbb", "?1, ?2, ?3, ?4", BY_ID, 0, true),
    FORM("term", "ii", "?1, ?2", BY_BOTH("retention", "recording"), 0, false)};
#define N_FORMS      (sizeof forms / sizeof forms[0])
#define NOT_OF_TABLE "a row that is not of this table"

typedef struct rebuild {
    vpi_database *database;
    vpi_rebuild_fn fn;
    void *user;
    const table_form *form; /* of the walk at hand */
    bool is_broken[N_FORMS];
    bool knows_free_pages;
    bool is_astray; /* what comes now */
    bool has_spoilt;
} rebuild;

static void damage(void *user, uint32_t page, const char *table, const char *what)
{
    rebuild *r = user;
    r->fn(r->user, page, table, what);
}

static bool fits(const table_form *form, const vpi_page_row *row)
{
    const size_t n = strlen(form->columns);
    if (row->n_values != n || row->has_rowid != (form->columns[0] == 'R'))
        return false;
    for (size_t i = 0; i < n; i++) {
        const vpi_value_kind kind = row->values[i].kind;
        const bool is_null = kind == VPI_VALUE_NULL;
        switch (form->columns[i]) {
        case 'R':
            if (!is_null)
                return false;
            break;
        case 'i':
        case 'I':
            if (kind != VPI_VALUE_INT && !(is_null && form->columns[i] == 'I'))
                return false;
            break;
        default:
            if (kind != VPI_VALUE_BLOB && !(is_null && form->columns[i] == 'B'))
                return false;
        }
    }
    return form->n_bytes == 0 || row->values[n - 1].n_bytes == form->n_bytes;
}

/* As many columns as the statement asks for. */
static int bind(sqlite3_stmt *statement, const vpi_page_row *row)
{
    const int n = sqlite3_bind_parameter_count(statement);
    int code = SQLITE_OK;
    for (int i = 0; i < n && code == SQLITE_OK; i++) {
        const vpi_value *value = &row->values[i];
        if (i == 0 && row->has_rowid)
            code = sqlite3_bind_int64(statement, i + 1, row->rowid);
        else if (value->kind == VPI_VALUE_INT)
            code = sqlite3_bind_int64(statement, i + 1, value->number);
        else if (value->kind == VPI_VALUE_BLOB)
            code = sqlite3_bind_blob64(statement, i + 1,
                value->bytes ? (const void *)value->bytes : "", value->n_bytes, SQLITE_STATIC);
    }
    return code;
}

static int run(rebuild *r, const char *sql, const vpi_page_row *row)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(vpi_database_handle(r->database), sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = bind(statement, row);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code & 0xff;
}

/* All of them, one after the other; what the first that does not go through gives. */
static int spoil(rebuild *r, const table_form *form, const vpi_page_row *row)
{
    r->has_spoilt = true;
    damage(r, row->page, form->name, "a row that is there in two versions; none of them is taken");
    int code = run(r, form->spoil_others, row);
    if (code == SQLITE_DONE)
        code = run(r, form->spoil, row);
    return code == SQLITE_DONE ? run(r, form->remove, row) : code;
}

/* A page that was moved may be there in its old place, too, and numbers are given again: what the tree leads to
 * is the present one. But of versions that the tree leads to, or of several astray, none is chosen, however many
 * more there are and in whatever order they come. */
static int put_beside(rebuild *r, const table_form *form, const vpi_page_row *row)
{
    int code = run(r, form->same, row);
    if (code == SQLITE_DONE && r->is_astray)
        code = run(r, form->reached, row);
    if (code == SQLITE_DONE)
        return spoil(r, form, row);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

static int put_first(rebuild *r, const table_form *form, const vpi_page_row *row)
{
    int code = run(r, form->insert, row);
    if (code == SQLITE_DONE && r->is_astray)
        return run(r, form->stray, row);
    if (code != SQLITE_CONSTRAINT)
        return code;
    if (sqlite3_extended_errcode(vpi_database_handle(r->database)) != SQLITE_CONSTRAINT_CHECK)
        return put_beside(r, form, row);
    damage(r, row->page, form->name, NOT_OF_TABLE);
    return SQLITE_DONE;
}

static vpriv_status put(rebuild *r, const table_form *form, const vpi_page_row *row)
{
    int code = r->has_spoilt ? run(r, form->spoilt, row) : SQLITE_DONE;
    if (code == SQLITE_ROW)
        code = put_beside(r, form, row);
    else if (code == SQLITE_DONE)
        code = put_first(r, form, row);
    switch (code) {
    case SQLITE_DONE:
        return VPRIV_OK;
    case SQLITE_NOMEM:
        return vpi_fail(VPRIV_E_MEMORY, "no memory for the database");
    case SQLITE_FULL:
        return vpi_fail(VPRIV_E_FULL, "no space left to rebuild the vault in");
    default:
        return vpi_fail(VPRIV_E_IO, "the rebuilt vault cannot be written (SQLite %d)", code);
    }
}

static vpriv_status take_row(void *user, const vpi_page_row *row)
{
    rebuild *r = user;
    if (fits(r->form, row))
        return put(r, r->form, row);
    damage(r, row->page, r->form->name, NOT_OF_TABLE);
    r->is_broken[r->form - forms] = true;
    return VPRIV_OK;
}

/* A row that nothing leads to is of a table that has a hole, and of the only one that it can be of. Without
 * the list of free pages it may be an old version: then only rows that never change are taken, for which
 * there is none. */
static vpriv_status take_stray(void *user, const vpi_page_row *row)
{
    rebuild *r = user;
    const table_form *form = NULL;
    size_t n = 0;
    for (size_t i = 0; i < N_FORMS; i++)
        if (r->is_broken[i] && fits(&forms[i], row)) {
            form = &forms[i];
            n++;
        }
    if (n == 0)
        return VPRIV_OK;
    if (n > 1) {
        damage(r, row->page, NULL, "a row that may be of more than one table is not taken");
        return VPRIV_OK;
    }
    if (!r->knows_free_pages && !form->never_changes) {
        damage(r, row->page, form->name, "a row that may be an old one is not taken");
        return VPRIV_OK;
    }
    return put(r, form, row);
}

static const table_form *form_of(const char *name)
{
    for (size_t i = 0; i < N_FORMS; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

static vpriv_status walk_all(rebuild *r, vpi_pages *pages)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_layout *layout = NULL;
    bool whole = false;
    VPI_TRY(vpi_alloc(1, sizeof *layout, (void **)&layout));
    VPI_TRY(vpi_layout_find(r->database, pages, layout));
    VPI_TRY(vpi_database_script(r->database, begin_notes));
    for (size_t i = 0; i < layout->n; i++) {
        const struct vpi_layout_root *root = &layout->roots[i];
        r->form = form_of(root->name);
        if (!r->form && !layout->has_indexes)
            continue;
        VPI_TRY(vpi_pages_walk(pages, r->form ? r->form->name : "an index", root->page,
            r->form ? take_row : NULL, r, &whole));
        if (r->form && !whole)
            r->is_broken[r->form - forms] = true;
    }
    r->knows_free_pages = vpi_pages_free_list(pages);
    if (!r->knows_free_pages)
        damage(r, 1, NULL, "the list of free pages is damaged");
    if (vpi_pages_log_is_cut(pages))
        damage(r, 0, NULL,
            "the write-ahead log is damaged: changes in it from there on are lost, and what "
            "follows "
            "is the vault as it was before them");
    /* A page of an index may look like one of a table. */
    r->is_astray = true;
    if (layout->has_indexes)
        VPI_TRY(vpi_pages_strays(pages, take_stray, r));
    if (vpi_pages_has_unread(pages))
        damage(r, 0, NULL,
            "the disk did not give some of the pages: what is on them is lost, and may be read "
            "another time, or from a copy of the file");
    VPI_TRY(vpi_database_script(r->database, end_notes));
    st = VPRIV_OK;
out:
    free(layout);
    return st;
}

vpriv_status vpi_rebuild(const char *path, const char *into, vpi_rebuild_fn fn, void *user,
    bool *has_unread_out, vpi_database **database_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_pages *pages = NULL;
    rebuild r = {.fn = fn, .user = user};
    VPI_TRY(vpi_pages_open(path, damage, &r, &pages));
    VPI_TRY(vpi_database_open(into, VPI_DATABASE_CREATE, &r.database));
    VPI_TRY(vpi_database_script(r.database, "PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF;"));
    VPI_TRY(vpi_database_begin(r.database));
    VPI_TRY(vpi_database_script(r.database, vpi_tree_schema));
    VPI_TRY(vpi_database_script(r.database, vpi_vault_schema));
    VPI_TRY(vpi_database_commit(r.database));
    /* Statements of the schema's making are over: from here on only rows. */
    VPI_TRY(vpi_database_begin(r.database));
    VPI_TRY(walk_all(&r, pages));
    VPI_TRY(vpi_database_commit(r.database));
    *has_unread_out = vpi_pages_has_unread(pages);
    *database_out = r.database;
    r.database = NULL;
    st = VPRIV_OK;
out:
    vpi_database_close(r.database);
    vpi_pages_close(pages);
    return st;
}
