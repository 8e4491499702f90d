/* replay [-n MUTATIONS] [TARGET…]: the seeds of these targets, of all when none is named, and as many
 * mutations of them, the same in each run. What fails is printed as a line for tests/fuzz/seeds/. */
#include "fuzz/fuzz.h"
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define MUTATIONS 4000

static const fuzz_target *running;
static fuzz_input trying;

static void tell(void)
{
    if (!running)
        return;
    fprintf(stderr, "target %s fails with\nhex ", running->name);
    for (size_t i = 0; i < trying.n_bytes; i++)
        fprintf(stderr, "%02x", trying.bytes[i]);
    fprintf(stderr, "\n");
    fuzz_end();
}

static void on_signal(int number)
{
    signal(number, SIG_DFL);
    tell();
    raise(number);
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t state;

static uint64_t draw(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717);
}

static size_t below(size_t limit)
{
    return limit ? (size_t)(draw() % limit) : 0;
}

static void put_number(uint8_t *at, size_t n_room)
{
    static const uint64_t numbers[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0x8001,
        0x8002, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};
    const size_t sizes[] = {1, 2, 4, 8};
    size_t n = sizes[below(4)];
    uint64_t number = numbers[below(sizeof numbers / sizeof numbers[0])];
    for (n = n < n_room ? n : n_room; n > 0; n--, number >>= 8)
        *at++ = (uint8_t)number;
}

static void mutate(fuzz_input *input, size_t capacity)
{
    uint8_t *bytes = input->bytes;
    const size_t at = below(input->n_bytes), n_rest = input->n_bytes - at;
    size_t n = 1 + below(draw() % 4 ? 4 : 64);
    switch (input->n_bytes ? draw() % 8 : 3) {
    case 0:
        bytes[at] ^= (uint8_t)(1U << below(8));
        break;
    case 1:
        bytes[at] = (uint8_t)draw();
        break;
    case 2:
        put_number(bytes + at, n_rest);
        break;
    case 3: /* more */
        n = n < capacity - input->n_bytes ? n : capacity - input->n_bytes;
        memmove(bytes + at + n, bytes + at, n_rest);
        for (size_t i = 0; i < n; i++)
            bytes[at + i] = (uint8_t)draw();
        input->n_bytes += n;
        break;
    case 4: /* less */
        n = n < n_rest ? n : n_rest;
        memmove(bytes + at, bytes + at + n, n_rest - n);
        input->n_bytes -= n;
        break;
    case 5: /* the same once more */
        n = n < n_rest ? n : n_rest;
        n = n < capacity - input->n_bytes ? n : capacity - input->n_bytes;
        memmove(bytes + at + n, bytes + at, n_rest);
        input->n_bytes += n;
        break;
    case 6: /* the end of another */
        if (fuzz_n_seeds > 1) {
            const fuzz_input *other = &fuzz_seeds[below(fuzz_n_seeds)];
            const size_t from = below(other->n_bytes);
            n = other->n_bytes - from < capacity - at ? other->n_bytes - from : capacity - at;
            memcpy(bytes + at, other->bytes + from, n);
            input->n_bytes = at + n;
        }
        break;
    default:
        if (draw() % 4 == 0)
            input->n_bytes = at;
        else
            bytes[at] = (uint8_t)(bytes[at] + (draw() % 2 ? 1 : -1));
    }
}

static void try_one(const uint8_t *bytes, size_t n_bytes)
{
    trying = (fuzz_input){(uint8_t *)(uintptr_t)bytes, n_bytes};
    fuzz_run(running, bytes, n_bytes);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void replay(const fuzz_target *target, unsigned n_mutations)
{
    const double began = seconds();
    fuzz_start(target);
    uint8_t *bytes = malloc(target->most_bytes + 1);
    fuzz_check(bytes);
    if (fuzz_n_seeds == 0) {
        fprintf(stderr, "%s has no seeds: is top_srcdir set?\n", target->name);
        exit(EXIT_FAILURE);
    }
    running = target;
    try_one(bytes, 0);
    for (size_t i = 0; i < fuzz_n_seeds; i++)
        try_one(fuzz_seeds[i].bytes, fuzz_seeds[i].n_bytes);
    state = UINT64_C(88172645463325252);
    for (unsigned i = 0; i < n_mutations; i++) {
        const fuzz_input *seed = &fuzz_seeds[below(fuzz_n_seeds)];
        const size_t n = seed->n_bytes < target->most_bytes ? seed->n_bytes : target->most_bytes;
        fuzz_input input = {bytes, n};
        if (n)
            memcpy(bytes, seed->bytes, n);
        for (size_t k = 1 + below(6); k > 0; k--)
            mutate(&input, target->most_bytes);
        try_one(input.bytes, input.n_bytes);
    }
    running = NULL;
    free(bytes);
    fuzz_end();
    printf("%-16s %3zu seeds, %u mutations, %.1f s\n", target->name, fuzz_n_seeds, n_mutations,
        seconds() - began);
    fflush(stdout);
}

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_set_death_callback(void (*fn)(void));
#endif

int main(int argc, char **argv)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    unsigned n_mutations = 0, n_run = 0;
    int option;
    while ((option = getopt(argc, argv, "n:")) != -1) {
        if (option != 'n') {
            fprintf(stderr, "usage: replay [-n MUTATIONS] [TARGET...]\n");
            return 2;
        }
        n_mutations = (unsigned)strtoul(optarg, NULL, 10);
    }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], on_signal);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_set_death_callback(tell);
#endif
    for (size_t i = 0; fuzz_at(i); i++) {
        const fuzz_target *target = fuzz_at(i);
        bool is_named = optind == argc;
        for (int k = optind; k < argc; k++)
            is_named |= strcmp(argv[k], target->name) == 0;
        if (!is_named)
            continue;
        replay(target, n_mutations         ? n_mutations
                       : target->n_replays ? target->n_replays
                                           : MUTATIONS);
        n_run++;
    }
    if (n_run == 0)
        fprintf(stderr, "replay: no such target\n");
    return n_run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
