/* One target under libFuzzer: FUZZ_TARGET names it. FUZZ_SEEDS names a folder that gets its seeds. */
#include "fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static const fuzz_target *target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *name = getenv("FUZZ_TARGET"), *folder = getenv("FUZZ_SEEDS");
    target = name ? fuzz_find(name) : NULL;
    if (!target) {
        fprintf(stderr, "FUZZ_TARGET is to be one of:\n");
        for (size_t i = 0; fuzz_at(i); i++)
            fprintf(stderr, "%s\n", fuzz_at(i)->name);
        exit(2);
    }
    fuzz_start(target);
    atexit(fuzz_end);
    for (size_t i = 0; folder && i < fuzz_n_seeds; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/seed-%zu", folder, i);
        FILE *file = fopen(path, "w");
        fuzz_check(file && fwrite(fuzz_seeds[i].bytes, 1, fuzz_seeds[i].n_bytes, file) ==
                               fuzz_seeds[i].n_bytes);
        fuzz_check(fclose(file) == 0);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    fuzz_run(target, data, n_bytes);
    return 0;
}
