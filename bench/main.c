/* voicepriv-bench: what the library costs, beside what it cannot do without.
 *
 *   voicepriv-bench [options] --programs FOLDER FOLDER
 *   voicepriv-bench [options] --inputs
 *
 *   --only GROUP     one group of rows
 *   --json           for machines
 *   --million        a vault with a million recordings too; --recordings N: with so many
 *   --plans          with every SQL statement of that group and its plan
 *   --programs DIR   where this build's programs are
 *   --inputs         name the inputs that are needed, and do no more
 *
 * The last FOLDER holds the inputs (bench/run makes them) and gets everything that is written; it
 * should be on the disk that is to be measured. */
#include "bench.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the table of results. The inputs are names that bench/run knows how to make. */
static const struct {
    const char *name;
    const char *inputs;
    void (*run)(const bench_setting *setting);
} groups[] = {
    {"record", "speech", bench_record},
    {"hub", "speech", bench_hub},
    {"import", "speech", bench_import},
    {"frames", "speech", bench_frames},
    {"kernels", "", bench_kernels},
    {"copy", "", bench_copy},
    {"resample", "speech", bench_resample},
    {"fvad", "speech", bench_fvad},
    {"voice", "voices", bench_voice},
    {"decide", "", bench_decide},
    {"seal", "", bench_seal},
    {"keys", "", bench_keys},
    {"log", "", bench_log},
    {"storage", "speech", bench_storage},
    {"memory", "speech", bench_memory},
    {"bindings", "speech rust_child python_child", bench_bindings},
    {"processes", "ten_minutes age_recipient cpuid_counts", bench_processes},
    {"million", "", bench_million},
};
#define N_GROUPS (sizeof groups / sizeof groups[0])

static const char *only;

static bool is_wanted(size_t i)
{
    return !only || strcmp(only, groups[i].name) == 0;
}

static bool is_needed(const char *input)
{
    for (size_t i = 0; i < N_GROUPS; i++)
        if (is_wanted(i) && strstr(groups[i].inputs, input))
            return true;
    return false;
}

static void check_only(void)
{
    bool known = !only;
    for (size_t i = 0; i < N_GROUPS; i++)
        known = known || is_wanted(i);
    if (!known)
        bench_die("--only %s: no such group", only);
}

static int name_inputs(void)
{
    for (size_t i = 0; i < N_GROUPS; i++)
        if (is_wanted(i) && groups[i].inputs[0])
            printf("%s\n", groups[i].inputs);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
        {"million", no_argument, NULL, 'm'}, {"recordings", required_argument, NULL, 'n'},
        {"plans", no_argument, NULL, 'p'}, {"programs", required_argument, NULL, 'b'},
        {"only", required_argument, NULL, 'o'}, {"inputs", no_argument, NULL, 'i'},
        {NULL, 0, NULL, 0}};
    bench_speech speech = {.wav_path = NULL};
    bench_setting setting = {.speech = &speech};
    bool as_json = false, inputs_only = false;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'j')
            as_json = true;
        else if (c == 'm')
            setting.n_recordings = 1000000;
        else if (c == 'n')
            setting.n_recordings = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 'p')
            setting.with_plans = true;
        else if (c == 'b')
            setting.programs = optarg;
        else if (c == 'o')
            only = optarg;
        else if (c == 'i')
            inputs_only = true;
        else
            return 2;
    }
    check_only();
    if (inputs_only)
        return name_inputs();
    if (optind + 1 != argc || !setting.programs)
        bench_die("usage: voicepriv-bench [options] --programs FOLDER FOLDER");
    setting.folder = argv[optind];
    bench_environment(&setting);
    if (is_needed("speech"))
        bench_speech_load(setting.folder, &speech);
    for (size_t i = 0; i < N_GROUPS; i++)
        if (is_wanted(i))
            groups[i].run(&setting);
    bench_report(as_json);
    return 0;
}
