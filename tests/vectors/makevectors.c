/* Writes every vector file into a folder, and tries every case on the library as it goes. */
#include "base/clock.h"
#include "base/memory.h"
#include "fixed_random.h"
#include "vectors.h"
#include <stdlib.h>
#include <string.h>

int64_t __wrap_vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out);
int64_t __wrap_vpi_running_us(uint8_t boot_id_out[VPI_BOOT_ID_BYTES], bool *is_told_out)
{
    *is_told_out = true;
    memset(boot_id_out, 0xb0, VPI_BOOT_ID_BYTES);
    return INT64_C(3600000000);
}

void vectors_randomness(uint8_t stream)
{
    fixed_random_start(&stream, sizeof stream);
}

void vectors_open(vectors *v, const char *name, const char *about)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.txt", v->folder, name);
    snprintf(v->name, sizeof v->name, "%s", name);
    v->file = fopen(path, "w");
    if (!v->file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fprintf(v->file, "# %s\n", about);
}

void vectors_close(vectors *v)
{
    if (fclose(v->file) != 0) {
        perror(v->name);
        exit(EXIT_FAILURE);
    }
}

static const char *status_word(vpriv_status status)
{
    switch (status) {
    case VPRIV_OK:
        return "ok";
    case VPRIV_E_AUTH:
        return "auth";
    case VPRIV_E_FORMAT:
        return "format";
    case VPRIV_E_VERSION:
        return "version";
    case VPRIV_E_ROOT:
        return "root";
    default:
        return "other";
    }
}

void vectors_case(vectors *v, const char *name, vpriv_status expected, vpriv_status got)
{
    if (got != expected) {
        fprintf(stderr, "%s, %s: the library says \"%s\", not \"%s\"\n", v->name, name,
            vpriv_status_text(got), vpriv_status_text(expected));
        v->n_wrong++;
    }
    fprintf(v->file, "\ncase: %s\nexpect: %s\n", name, status_word(expected));
    v->n_cases++;
}

#define ZERO_RUN 8

void vectors_hex(vectors *v, const char *field, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;
    fprintf(v->file, "%s: ", field);
    for (size_t i = 0; i < n_bytes;) {
        size_t n_zeros = 0;
        while (i + n_zeros < n_bytes && at[i + n_zeros] == 0)
            n_zeros++;
        if (n_zeros >= ZERO_RUN) {
            fprintf(v->file, " 0*%zu ", n_zeros);
            i += n_zeros;
        } else {
            fprintf(v->file, "%02x", at[i++]);
        }
    }
    fprintf(v->file, "\n");
}

void vectors_number(vectors *v, const char *field, uint64_t number)
{
    fprintf(v->file, "%s: %llu\n", field, (unsigned long long)number);
}

void vectors_text(vectors *v, const char *field, const char *text)
{
    fprintf(v->file, "%s: %s\n", field, text);
}

void vectors_must(vpriv_status status, const char *what)
{
    if (status != VPRIV_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, vpriv_status_text(status), vpriv_error_detail());
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    vectors v = {.folder = argc == 2 ? argv[1] : "."};
    vectors_must(vpi_crypto_init(), "libsodium");
    vectors_randomness(0);
    vectors_rows(&v);
    vectors_files(&v);
    vectors_recordings(&v);
    vectors_records(&v);
    vectors_vault(&v);
    printf("%d cases\n", v.n_cases);
    return v.n_cases > 0 && v.n_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
