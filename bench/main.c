/* voicepriv-bench: what the library costs, beside what it cannot do without.
 *
 *   voicepriv-bench [--json] [--million] [--recordings N] [--plans] [--only GROUP] --child PROGRAM FOLDER
 *
 * FOLDER holds speech.wav and speech.raw (bench/run prepares both) and gets everything that is
 * written; it should be on the disk that is to be measured. */
#include "bench.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *only;

static bool wanted(const char *name)
{
    return !only || strcmp(only, name) == 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
        {"million", no_argument, NULL, 'm'}, {"recordings", required_argument, NULL, 'n'},
        {"plans", no_argument, NULL, 'p'}, {"child", required_argument, NULL, 'c'},
        {"only", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    const char *child = NULL;
    bench_speech speech = {.wav_path = NULL};
    uint32_t n_recordings = 0;
    bool as_json = false, plans = false;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'j')
            as_json = true;
        else if (c == 'm')
            n_recordings = 1000000;
        else if (c == 'n')
            n_recordings = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 'p')
            plans = true;
        else if (c == 'c')
            child = optarg;
        else if (c == 'o')
            only = optarg;
        else
            return 2;
    }
    if (optind + 1 != argc || !child)
        bench_die("usage: voicepriv-bench [options] --child PROGRAM FOLDER");
    const char *folder = argv[optind];
    bench_environment(folder);
    bench_speech_load(folder, &speech);
    if (wanted("record"))
        bench_record(folder, &speech);
    if (wanted("frames"))
        bench_frames(&speech);
    if (wanted("seal"))
        bench_seal();
    if (wanted("keys"))
        bench_keys(folder);
    if (wanted("log"))
        bench_log(folder);
    if (wanted("memory"))
        bench_memory(folder, child, &speech);
    if (wanted("million") && n_recordings > 0)
        bench_million(folder, n_recordings, plans);
    bench_report(as_json);
    return 0;
}
