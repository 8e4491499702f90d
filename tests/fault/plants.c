/* Makes planted sound, and searches for it:
 *
 *   plants wav PIECE RATE > FILE
 *   plants search FILE...        < needles, one a line: name, hexadecimal bytes
 *
 * A finding is a line "PIECE form samples FILE offset", or "NAME bytes FILE offset". A run of sixteen samples
 * is one, as 16-bit integers, as floats of nominal 1, and as floats of the integers' size, at any address.
 * So is one whose steps from sample to sample are those, in whole steps of PLANT_STEP: that is how sound looks
 * behind libopus's own filter. What is looked for is found by its first eight bytes (or steps), all of
 * which are in one table. */
#include "fault/plants.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define N_FORMS     3
#define WINDOW      8 /* bytes */
#define TABLE_BITS  22
#define FILTER_BITS 27
#define NEEDLES_MAX 8192
#define NEEDLE_MAX  64
#define IS_NEEDLE   UINT32_MAX
#define FEW         40 /* findings that are told of a file */

typedef struct needle {
    char name[64];
    uint8_t bytes[NEEDLE_MAX];
    size_t n_bytes;
} needle;

typedef struct entry {
    uint64_t window; /* 0 is free */
    uint32_t piece;  /* or IS_NEEDLE */
    uint32_t form;
    uint32_t at; /* sample, or needle */
} entry;

static const char *const forms[] = {
    "s16", "float", "large-float", "s16-steps", "float-steps", "large-float-steps"};
static const size_t sample_bytes[N_FORMS] = {2, 4, 4};
static needle needles[NEEDLES_MAX];
static size_t n_needles;
static entry *table;
static uint64_t *filter;

static void die(const char *what)
{
    fprintf(stderr, "plants: %s\n", what);
    exit(2);
}

static void *make_room(size_t n_items, size_t item_bytes)
{
    void *memory = calloc(n_items, item_bytes);
    if (!memory)
        die("no memory");
    return memory;
}

static void put_sample(uint32_t piece, uint32_t form, size_t at, uint8_t *bytes_out)
{
    const int16_t sample = plant_sample(piece, at);
    const float value = form == 1 ? (float)sample / 32768.0F : (float)sample;
    if (form == 0)
        memcpy(bytes_out, &sample, sizeof sample);
    else
        memcpy(bytes_out, &value, sizeof value);
}

static uint64_t hash_of(uint64_t window)
{
    return (window ^ window >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t window_at(const uint8_t *bytes)
{
    uint64_t window;
    memcpy(&window, bytes, WINDOW);
    return window;
}

static void add(uint64_t window, uint32_t piece, uint32_t form, uint32_t at)
{
    const uint64_t hash = hash_of(window);
    size_t i = hash >> (64 - TABLE_BITS);
    if (window == 0)
        return; /* zeros are everywhere: the run is found one sample later */
    while (table[i].window)
        i = (i + 1) & ((1u << TABLE_BITS) - 1);
    table[i] = (entry){window, piece, form, at};
    filter[(hash >> (64 - FILTER_BITS)) / 64] |= UINT64_C(1) << ((hash >> (64 - FILTER_BITS)) % 64);
}

/* From the sample before to this one. */
static uint8_t plant_step(uint32_t piece, size_t at)
{
    return (uint8_t)((plant_sample(piece, at) - plant_sample(piece, at - 1)) / PLANT_STEP);
}

static void add_pieces(void)
{
    uint8_t window[2 * WINDOW];
    for (uint32_t piece = 0; piece < N_PLANTS; piece++) {
        const size_t end = plant_frames(piece) - PLANT_RUN;
        for (uint32_t form = 0; form < N_FORMS; form++)
            for (size_t at = 0; at < end; at++) {
                for (size_t i = 0; i * sample_bytes[form] < WINDOW; i++)
                    put_sample(piece, form, at + i, window + i * sample_bytes[form]);
                add(window_at(window), piece, form, (uint32_t)at);
            }
        for (size_t at = 1; at < end; at++) {
            uint64_t steps = 0;
            for (size_t i = 0; i < WINDOW; i++)
                steps = steps << 8 | plant_step(piece, at + i);
            add(steps, piece, N_FORMS, (uint32_t)at);
        }
    }
}

static void add_needles(void)
{
    char line[512], hex[2 * NEEDLE_MAX + 2];
    while (fgets(line, sizeof line, stdin)) {
        needle *n = &needles[n_needles];
        if (n_needles == NEEDLES_MAX || sscanf(line, "%63s %129s", n->name, hex) != 2)
            die("a bad needle, or too many");
        for (n->n_bytes = 0; n->n_bytes < NEEDLE_MAX && hex[2 * n->n_bytes]; n->n_bytes++) {
            unsigned byte = 0;
            if (sscanf(hex + 2 * n->n_bytes, "%2x", &byte) != 1)
                die("a needle is not hexadecimal");
            n->bytes[n->n_bytes] = (uint8_t)byte;
        }
        if (n->n_bytes < 2 * WINDOW)
            die("a needle is too short");
        add(window_at(n->bytes), IS_NEEDLE, 0, (uint32_t)n_needles++);
    }
}

/* Samples from here on that are the piece's. */
static size_t run_of(const entry *e, const uint8_t *at, const uint8_t *end)
{
    const size_t step = sample_bytes[e->form];
    uint8_t wanted[4];
    size_t n = 0;
    while (e->at + n < plant_frames(e->piece) && (size_t)(end - at) >= step) {
        put_sample(e->piece, e->form, e->at + n, wanted);
        if (memcmp(at, wanted, step) != 0)
            break;
        at += step;
        n++;
    }
    return n;
}

static bool may_be_there(uint64_t hash)
{
    const uint64_t bit = hash >> (64 - FILTER_BITS);
    return filter[bit / 64] >> bit % 64 & 1;
}

/* Bytes of it; 0 when nothing is here. */
static size_t look_at(
    const char *path, const uint8_t *from, const uint8_t *at, const uint8_t *end, size_t *n_found)
{
    const uint64_t window = window_at(at), hash = hash_of(window);
    if (!may_be_there(hash))
        return 0;
    for (size_t i = hash >> (64 - TABLE_BITS); table[i].window;
         i = (i + 1) & ((1u << TABLE_BITS) - 1)) {
        const entry *e = &table[i];
        if (e->window != window || e->form == N_FORMS)
            continue;
        if (e->piece == IS_NEEDLE) {
            const needle *n = &needles[e->at];
            if ((size_t)(end - at) >= n->n_bytes && memcmp(at, n->bytes, n->n_bytes) == 0) {
                if ((*n_found)++ < FEW)
                    printf("%s %zu %s %zu\n", n->name, n->n_bytes, path, (size_t)(at - from));
                return n->n_bytes;
            }
        } else {
            const size_t n = run_of(e, at, end);
            if (n >= PLANT_RUN) {
                if ((*n_found)++ < FEW)
                    printf("%u %s %zu %s %zu\n", e->piece, forms[e->form], n, path,
                        (size_t)(at - from));
                return n * sample_bytes[e->form];
            }
        }
    }
    return 0;
}

/* Whole steps between two samples; what is no step of ours is 128. */
static uint8_t step_between(const uint8_t *at, uint32_t form)
{
    float before, now;
    if (form == 0) {
        int16_t a, b;
        memcpy(&a, at, sizeof a);
        memcpy(&b, at + sizeof a, sizeof b);
        before = a, now = b;
    } else {
        memcpy(&before, at, sizeof before);
        memcpy(&now, at + sizeof before, sizeof now);
    }
    const float steps = (now - before) * (form == 1 ? 32768.0F : 1.0F) / PLANT_STEP;
    if (!(steps > -127.5F && steps < 127.5F))
        return 128;
    return (uint8_t)(int)(steps < 0 ? steps - 0.5F : steps + 0.5F);
}

/* Steps that are the piece's, with those in the window. */
static size_t step_run(const entry *e, uint32_t form, const uint8_t *at, const uint8_t *end)
{
    const size_t step = sample_bytes[form];
    size_t n = 0;
    while (e->at + n < plant_frames(e->piece) && (size_t)(end - at) >= 2 * step &&
           step_between(at, form) == plant_step(e->piece, e->at + n)) {
        at += step;
        n++;
    }
    return n;
}

/* At the addresses where such samples lie. */
static void search_steps(
    const char *path, uint32_t form, const uint8_t *from, const uint8_t *end, size_t *n_found)
{
    const size_t step = sample_bytes[form];
    const uint8_t *told_until = from;
    uint64_t window = 0;
    for (const uint8_t *at = from; (size_t)(end - at) >= 2 * step; at += step) {
        window = window << 8 | step_between(at, form);
        if (window == 0 || !may_be_there(hash_of(window)))
            continue;
        const uint8_t *first = at - (WINDOW - 1) * step;
        for (size_t i = hash_of(window) >> (64 - TABLE_BITS);
             table[i].window && first >= told_until; i = (i + 1) & ((1u << TABLE_BITS) - 1)) {
            const entry *e = &table[i];
            if (e->window != window || e->form != N_FORMS)
                continue;
            const size_t n = step_run(e, form, first, end);
            if (n + 1 < PLANT_RUN)
                continue;
            if ((*n_found)++ < FEW)
                printf("%u %s %zu %s %zu\n", e->piece, forms[N_FORMS + form], n + 1, path,
                    (size_t)(first - from));
            told_until = first + n * step;
        }
    }
}

static void search(const char *path)
{
    struct stat about;
    size_t n_found = 0;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about) != 0)
        die("a file cannot be opened");
    if (about.st_size < WINDOW)
        die("a file is empty");
    const size_t n_bytes = (size_t)about.st_size;
    uint8_t *from = mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE, fileno(file), 0);
    if (from == MAP_FAILED)
        die("a file cannot be read");
    const uint8_t *end = from + n_bytes;
    for (const uint8_t *at = from; end - at >= WINDOW;) {
        const size_t n = look_at(path, from, at, end, &n_found);
        at += n ? n : 1;
    }
    for (uint32_t form = 0; form < N_FORMS; form++)
        search_steps(path, form, from, end, &n_found);
    munmap(from, n_bytes);
    fclose(file);
    printf("searched %zu %s %zu\n", n_bytes, path, n_found);
}

static void put_number(uint32_t value, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        putchar((int)(value >> 8 * i & 0xff));
}

static void write_wav(uint32_t piece, uint32_t rate_hz)
{
    const uint32_t n_bytes = (uint32_t)plant_frames(piece) * 2;
    fputs("RIFF", stdout), put_number(n_bytes + 36, 4);
    fputs("WAVEfmt ", stdout), put_number(16, 4), put_number(1, 2), put_number(1, 2);
    put_number(rate_hz, 4), put_number(2 * rate_hz, 4), put_number(2, 2), put_number(16, 2);
    fputs("data", stdout), put_number(n_bytes, 4);
    for (size_t i = 0; i < plant_frames(piece); i++)
        put_number((uint16_t)plant_sample(piece, i), 2);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "wav") == 0) {
        write_wav((uint32_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
    } else if (argc > 2 && strcmp(argv[1], "search") == 0) {
        table = make_room((size_t)1 << TABLE_BITS, sizeof *table);
        filter = make_room((size_t)1 << (FILTER_BITS - 6), sizeof *filter);
        add_pieces();
        add_needles();
        for (int i = 2; i < argc; i++)
            search(argv[i]);
    } else {
        die("usage: plants wav PIECE RATE | search FILE...");
    }
    return ferror(stdout) || fflush(stdout) ? 2 : 0;
}
