/* What the three files of the database layer know of each other. */
#ifndef VPI_BASE_DATABASE_INSIDE_H
#define VPI_BASE_DATABASE_INSIDE_H

#include "base/database.h"

#define VPI_STATEMENTS_MAX  128 /* kept; there are more SQL texts than that */
#define VPI_BUSY_TIMEOUT_MS 5000

struct vpi_database {
    sqlite3 *handle;
    bool must_be_durable; /* switching it on again failed: tried anew before anything begins */
    bool is_hasty;        /* commits do not wait for the disk */
    int patience_ms;      /* how long it waits for another's lock */
    bool is_begun;  /* by us; SQLite ends a transaction by itself when memory or space runs out */
    bool is_unsure; /* a sync of the write-ahead log failed: what it lost must be written anew */
    bool owes_rollback;     /* it failed; tried anew before anything begins */
    sqlite3_stmt *rollback; /* prepared beforehand: giving up needs no memory */
    vpriv_status why;       /* the first failure since a transaction was begun */
    struct {
        const char *sql;
        sqlite3_stmt *statement;
        bool is_held;      /* a row of it is looked at */
        uint64_t last_use; /* the n-th */
    } statements[VPI_STATEMENTS_MAX];
    size_t n_statements;
    uint64_t n_uses;
};

/* SQLite gave the transaction up: without this the rest of it would be carried out, each step for itself. */
vpriv_status vpi_database_refuse_the_rest(const vpi_database *database);
/* SQLite's call while a lock is another's: 0 gives up. */
int vpi_database_wait(void *database, int n_tries);
/* SQLite's call after each commit: fold the write-ahead log into the file now and then. */
int vpi_database_after_commit(void *database, sqlite3 *handle, const char *name, int n_frames);

#endif
