#include "vault/complete.h"
#include "base/try.h"

/* How many rows, and a sum over their ids that no damaged id makes overflow. */
#define ROWS "SELECT count(*), coalesce(sum(id % 1000003), 0) FROM "

typedef struct sum {
    int64_t n_rows, ids;
} sum;

static vpriv_status sum_up(
    vpriv_vault *vault, const char *sql, int64_t first_row, int64_t last_row, sum *sum_out)
{
    vpi_row row = VPI_NO_ROW;
    const vpriv_status st =
        vpi_database_query(vault->database, &row, sql, "ii", first_row, last_row);
    if (st == VPRIV_OK)
        *sum_out = (sum){vpi_column_int(&row, 0), vpi_column_int(&row, 1)};
    vpi_row_end(&row);
    return st;
}

static vpriv_status compare(vpriv_vault *vault, const char *in_table, const char *in_index,
    int64_t first_row, int64_t last_row)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    sum table = {0}, index = {0};
    VPI_TRY(sum_up(vault, in_table, first_row, last_row, &table));
    VPI_TRY(sum_up(vault, in_index, first_row, last_row, &index));
    VPI_ENSURE(table.n_rows == index.n_rows && table.ids == index.ids, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    st = VPRIV_OK;
out:
    return st;
}

/* The retention classes there are, each found by one step in the index. UNION ends the walk where a
 * damaged index goes round in circles. */
#define CLASSES                                                                                    \
    "WITH RECURSIVE class(r) AS (SELECT min(retention) FROM recording INDEXED BY"                  \
    " recording_retention WHERE state IN (2, 3) UNION SELECT (SELECT min(retention) FROM"          \
    " recording INDEXED BY recording_retention WHERE state IN (2, 3) AND retention > class.r)"     \
    " FROM class WHERE class.r IS NOT NULL) "

vpriv_status vpi_complete_kept(vpriv_vault *vault, int64_t first_row, int64_t last_row)
{
    return compare(vault,
        ROWS "recording NOT INDEXED WHERE id > ?1 AND id <= ?2 AND state IN (2, 3)",
        CLASSES ROWS
        "recording INDEXED BY recording_retention WHERE retention IN (SELECT r FROM class)"
        " AND id > ?1 AND id <= ?2 AND state IN (2, 3)",
        first_row, last_row);
}

vpriv_status vpi_complete_recordings(vpriv_vault *vault)
{
    return compare(vault, ROWS "recording NOT INDEXED WHERE id > ?1 AND id <= ?2",
        ROWS "recording INDEXED BY sqlite_autoindex_recording_1 WHERE id > ?1 AND id <= ?2",
        INT64_MIN, INT64_MAX);
}

vpriv_status vpi_complete_subjects(vpriv_vault *vault)
{
    return compare(vault, ROWS "subject NOT INDEXED WHERE id > ?1 AND id <= ?2",
        ROWS "subject INDEXED BY sqlite_autoindex_subject_1 WHERE id > ?1 AND id <= ?2", INT64_MIN,
        INT64_MAX);
}
