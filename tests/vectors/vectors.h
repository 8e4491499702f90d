/* Writing vectors: text files of cases, one fault each at most.
 *
 *   # what it is about
 *   case: ok
 *   expect: ok
 *   key: 00112233…
 *
 * Cases end with an empty line. Values are hexadecimal (0*N stands for N zero bytes), decimal numbers
 * or words. Everything random comes from a fixed stream, so that every run writes the same bytes. */
#ifndef VECTORS_H
#define VECTORS_H

#include "base/bytes.h"
#include "base/random.h"
#include <stdio.h>

typedef struct vectors {
    const char *folder;
    FILE *file;
    int n_cases;
    int n_wrong;
    char name[64];
} vectors;

/* Start the fixed stream anew. */
void vectors_randomness(uint8_t stream);
void vectors_open(vectors *v, const char *name, const char *about);
void vectors_close(vectors *v);
/* A case and what the library makes of it; anything but `expected` is told and counted. */
void vectors_case(vectors *v, const char *name, vpriv_status expected, vpriv_status got);
void vectors_hex(vectors *v, const char *field, const void *bytes, size_t n_bytes);
void vectors_number(vectors *v, const char *field, uint64_t number);
void vectors_text(vectors *v, const char *field, const char *text);
/* Calls that must work. */
void vectors_must(vpriv_status status, const char *what);

void vectors_rows(vectors *v);       /* sealed and padded rows, derivation */
void vectors_files(vectors *v);      /* root key file, keyring file */
void vectors_recordings(vectors *v); /* wraps, blocks, tags */
void vectors_records(vectors *v);    /* consent records, log entries, leaves, checkpoints */
void vectors_vault(vectors *v);      /* every row of a small vault */

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
