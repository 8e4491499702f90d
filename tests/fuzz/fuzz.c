#include "fuzz/fuzz.h"
#include "base/memory.h"
#include "vectors/fixed_random.h"
#include <sodium.h>

static const fuzz_target *const targets[] = {
#define X(name) &fuzz_##name,
#include "fuzz/targets.h"
#undef X
};

const fuzz_target *fuzz_at(size_t index)
{
    return index < sizeof targets / sizeof targets[0] ? targets[index] : NULL;
}

const fuzz_target *fuzz_find(const char *name)
{
    for (size_t i = 0; fuzz_at(i); i++)
        if (strcmp(fuzz_at(i)->name, name) == 0)
            return fuzz_at(i);
    return NULL;
}

fuzz_input *fuzz_seeds;
size_t fuzz_n_seeds;

void fuzz_seed(const void *bytes, size_t n_bytes)
{
    fuzz_input *more = realloc(fuzz_seeds, (fuzz_n_seeds + 1) * sizeof *more);
    fuzz_check(more);
    fuzz_seeds = more;
    fuzz_input *seed = &fuzz_seeds[fuzz_n_seeds++];
    *seed = (fuzz_input){malloc(n_bytes ? n_bytes : 1), n_bytes};
    fuzz_check(seed->bytes);
    if (n_bytes)
        memcpy(seed->bytes, bytes, n_bytes);
}

void fuzz_seed_text(const char *text)
{
    fuzz_seed(text, strlen(text));
}

/* Lines of "text …", where \n is a newline, and of "hex …"; others are for people. */
static void read_line(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "text ", 5) == 0) {
        char *to = line;
        for (const char *from = line + 5; *from; from++)
            if (from[0] == '\\' && from[1] == 'n') {
                *to++ = '\n';
                from++;
            } else {
                *to++ = *from;
            }
        fuzz_seed(line, (size_t)(to - line));
    } else if (strncmp(line, "hex ", 4) == 0) {
        const size_t n_digits = strlen(line + 4);
        uint8_t *bytes = malloc(n_digits / 2 + 1);
        size_t n_bytes = 0;
        fuzz_check(bytes &&
                   sodium_hex2bin(
                       bytes, n_digits / 2 + 1, line + 4, n_digits, NULL, &n_bytes, NULL) == 0 &&
                   2 * n_bytes == n_digits);
        fuzz_seed(bytes, n_bytes);
        free(bytes);
    }
}

static void read_seeds(const char *name)
{
    const char *top = getenv("top_srcdir");
    char path[4096], *line = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/%s.txt", top ? top : ".", name);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (getline(&line, &room, file) > 0)
        read_line(line);
    free(line);
    fclose(file);
}

static void (*at_end)(void);

void fuzz_at_end(void (*fn)(void))
{
    at_end = fn;
}

void fuzz_end(void)
{
    void (*fn)(void) = at_end;
    at_end = NULL;
    if (fn)
        fn();
}

void fuzz_start(const fuzz_target *target)
{
    fuzz_must(vpi_crypto_init());
    /* Keys and ids are the same in each run, so that a failure of yesterday is one today. */
    fixed_random_start("fuzz", 4);
    for (size_t i = 0; i < fuzz_n_seeds; i++)
        free(fuzz_seeds[i].bytes);
    free(fuzz_seeds);
    fuzz_seeds = NULL;
    fuzz_n_seeds = 0;
    if (target->setup)
        target->setup();
    read_seeds(target->name);
}

void fuzz_run(const fuzz_target *target, const uint8_t *data, size_t n_bytes)
{
    if (n_bytes > target->most_bytes)
        n_bytes = target->most_bytes;
    uint8_t *exact = malloc(n_bytes ? n_bytes : 1);
    fuzz_check(exact);
    if (n_bytes)
        memcpy(exact, data, n_bytes);
    target->one(exact, n_bytes);
    free(exact);
}

void fuzz_check_same(const void *wanted, size_t n_wanted, const void *got, size_t n_got)
{
    const uint8_t *a = wanted, *b = got;
    size_t at = 0;
    while (at < n_wanted && at < n_got && a[at] == b[at])
        at++;
    if (at == n_wanted && at == n_got)
        return;
    fprintf(stderr, "what was read is written otherwise: %zu bytes, not %zu; byte %zu differs\n",
        n_got, n_wanted, at);
    abort();
}
