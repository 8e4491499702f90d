/* A file in memory for parsers that want a path. */
#ifndef TESTS_FUZZ_FILE_H
#define TESTS_FUZZ_FILE_H

#include "fuzz/fuzz.h"

/* A name of this process's own; removed at its end. */
const char *file_path(void);
/* What the file has from now on: nothing else. */
void file_fill(const void *bytes, size_t n_bytes);
size_t file_read(void *bytes_out, size_t capacity);
void file_remove(void);

#endif
