/* Importing ten minutes: on all processors beside libopus on one, what the seams cost, and packets that
 * are there already beside an encoder. */
#include "../tests/unit/seams.h"
#include "bench.h"
#include "frames/frontend.h"
#include "recorder/crew.h"
#include <fcntl.h>
#include <opus.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <voicepriv/recorder.h>

#define RATE_HZ       48000u
#define MINUTES       10
#define PACKET_FRAMES 960
#define PACKET_BYTES  1276
#define BITRATE_BPS   32000
#define COMPLEXITY    10
#define N_THREADS     2
#define ROUNDS        5
#define CUTS_MAX      1024

extern char **environ;

typedef struct import {
    bench_vault vault;
    char *wav_path, *opus_path, *made_path;
    float *mono; /* what the encoders get: the front end's work is done for libopus */
    size_t n_frames;
    size_t lookahead_frames;
    OpusEncoder *encoder;
} import;

/* Where it was cut: the linker puts these in the place of the library's own (see sources.mk). */
static uint32_t cuts[CUTS_MAX]; /* packets before each */
static size_t n_cuts;
static uint64_t n_given;

bool __real_vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll);
bool __wrap_vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll);
void __real_vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells);
void __wrap_vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells);

bool __wrap_vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll)
{
    const bool begun = __real_vpi_crew_begin_segment(crew, pre_roll, n_pre_roll);
    if (begun && n_given > 0 && n_cuts < CUTS_MAX)
        cuts[n_cuts++] = (uint32_t)n_given;
    return begun;
}

void __wrap_vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells)
{
    n_given += n_cells;
    __real_vpi_crew_give(crew, cells, n_cells);
}

static void write_wav(import *m, const bench_speech *speech)
{
    const uint32_t n_bytes = 4 * (uint32_t)m->n_frames;
    const uint32_t head[11] = {0x46464952, 36 + n_bytes, 0x45564157, 0x20746d66, 16, 0x00020001,
        RATE_HZ, 4 * RATE_HZ, 0x00100004, 0x61746164, n_bytes};
    FILE *file = fopen(m->wav_path, "wb");
    bool written = file && fwrite(head, sizeof head, 1, file) == 1;
    for (size_t at = 0; written && at < m->n_frames; at += speech->n_frames) {
        const size_t n_left = m->n_frames - at;
        const size_t n = speech->n_frames < n_left ? speech->n_frames : n_left;
        written = fwrite(speech->stereo, 4, n, file) == n;
    }
    if (!written || fclose(file) != 0)
        bench_die("%s: cannot be written", m->wav_path);
}

static void make_mono(import *m, const bench_speech *speech)
{
    const vpi_frontend_config config = {.input = {VPRIV_SAMPLE_S16, RATE_HZ, 2},
        .output_rate_hz = RATE_HZ,
        .n_output_channels = 1,
        .high_pass = true};
    vpi_frontend *frontend = NULL;
    size_t filled = 0;
    m->mono = bench_alloc((m->n_frames + PACKET_FRAMES) * sizeof *m->mono);
    memset(m->mono + m->n_frames, 0, PACKET_FRAMES * sizeof *m->mono);
    BENCH_TRY(vpi_frontend_create(&config, &frontend));
    while (filled < m->n_frames) {
        size_t n_consumed = 0, n_out = 0;
        const size_t at = filled % speech->n_frames;
        BENCH_TRY(vpi_frontend_process(frontend, speech->stereo + 2 * at, speech->n_frames - at,
            m->mono + filled, m->n_frames - filled, &n_consumed, &n_out));
        filled += n_out;
    }
    vpi_frontend_destroy(frontend);
}

static void start_encoder(import *m)
{
    int code = OPUS_OK;
    opus_int32 lookahead = 0;
    m->encoder = opus_encoder_create((opus_int32)RATE_HZ, 1, OPUS_APPLICATION_VOIP, &code);
    if (code != OPUS_OK || opus_encoder_ctl(m->encoder, OPUS_SET_BITRATE(BITRATE_BPS)) != OPUS_OK ||
        opus_encoder_ctl(m->encoder, OPUS_SET_COMPLEXITY(COMPLEXITY)) != OPUS_OK ||
        opus_encoder_ctl(m->encoder, OPUS_GET_LOOKAHEAD(&lookahead)) != OPUS_OK)
        bench_die("libopus did not start an encoder");
    m->lookahead_frames = (size_t)lookahead;
}

static void run_encoder(import *m)
{
    static uint8_t packet[PACKET_BYTES];
    opus_encoder_ctl(m->encoder, OPUS_RESET_STATE);
    for (size_t at = 0; at < m->n_frames; at += PACKET_FRAMES)
        if (opus_encode_float(m->encoder, m->mono + at, PACKET_FRAMES, packet, PACKET_BYTES) <= 0)
            bench_die("libopus did not encode");
}

static vpriv_recorder_config config_of(const import *m, uint32_t n_threads)
{
    return (vpriv_recorder_config){.struct_size = sizeof(vpriv_recorder_config),
        .subjects = m->vault.subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .n_threads = n_threads,
        .encoding = {.struct_size = sizeof(vpriv_encoding),
            .rate_hz = RATE_HZ,
            .bitrate_bps = BITRATE_BPS,
            .complexity_plus_one = COMPLEXITY + 1}};
}

static vpriv_recording_id run_import(import *m, uint32_t n_threads)
{
    static const vpriv_trigger trigger = {
        .struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_IMPORT};
    const vpriv_recorder_config config = config_of(m, n_threads);
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    n_cuts = n_given = 0;
    BENCH_TRY(vpriv_capture_file_open(m->wav_path, &source));
    BENCH_TRY(vpriv_recorder_open(m->vault.vault, source, &config, &recorder));
    BENCH_TRY(vpriv_recorder_run(recorder, &trigger, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    if (!outcome.is_stored || outcome.n_frames_48k != m->n_frames)
        bench_die("the import is not whole");
    return outcome.recording;
}

static vpriv_reader *open_reader(import *m, const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "bench"};
    vpriv_reader *reader = NULL;
    BENCH_TRY(vpriv_gate_open(m->vault.vault, m->vault.keyring, id, &request, &reader));
    return reader;
}

static float *decode(import *m, const vpriv_recording_id *id)
{
    vpriv_reader *reader = open_reader(m, id);
    float *pcm = bench_alloc((m->n_frames + PACKET_FRAMES) * sizeof *pcm);
    size_t n = 0, n_read = 1;
    for (; n_read > 0; n += n_read)
        BENCH_TRY(vpriv_gate_read_frames(reader, pcm + n, PACKET_FRAMES, &n_read));
    vpriv_gate_close(reader);
    if (n != m->n_frames)
        bench_die("what was imported is of another length");
    return pcm;
}

static uint64_t sum_of_bytes(import *m, const vpriv_recording_id *id)
{
    vpriv_reader *reader = open_reader(m, id);
    vpriv_packet packet = {.struct_size = sizeof packet};
    uint64_t n_bytes = 0;
    for (; !packet.is_end; n_bytes += packet.n_bytes)
        BENCH_TRY(vpriv_gate_read_packet(reader, &packet));
    vpriv_gate_close(reader);
    return n_bytes;
}

static vpriv_status to_file(void *user, const void *bytes, size_t n_bytes)
{
    return fwrite(bytes, 1, n_bytes, user) == n_bytes ? VPRIV_OK : VPRIV_E_IO;
}

static void export_opus(import *m, const vpriv_recording_id *id)
{
    vpriv_reader *reader = open_reader(m, id);
    FILE *file = fopen(m->opus_path, "wb");
    if (!file)
        bench_die("%s: cannot be written", m->opus_path);
    BENCH_TRY(vpriv_gate_export_opus(reader, to_file, file));
    if (fclose(file) != 0)
        bench_die("%s: cannot be written", m->opus_path);
    vpriv_gate_close(reader);
}

static void import_opus(import *m)
{
    const vpriv_recorder_config config = config_of(m, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    BENCH_TRY(vpriv_recorder_import_opus(m->vault.vault, m->opus_path, &config, &outcome));
    if (!outcome.is_stored || outcome.n_frames_48k != m->n_frames)
        bench_die("the import is not whole");
}

static void run_opusenc(import *m)
{
    char *arguments[] = {
        "opusenc", "--quiet", "--bitrate", "32", "--downmix-mono", m->wav_path, m->made_path, NULL};
    pid_t child = 0;
    int status = 1;
    if (posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0)
        bench_die("opusenc is needed (package opus-tools)");
}

static void report_seams(
    import *m, const vpriv_recording_id *single, const vpriv_recording_id *bulk)
{
    float *before = decode(m, single), *after = decode(m, bulk);
    double losses_db[CUTS_MAX], jumps[CUTS_MAX], worst = 0;
    const double bytes = (double)sum_of_bytes(m, bulk) / (double)sum_of_bytes(m, single);
    for (size_t i = 0; i < n_cuts; i++) {
        const size_t at = (size_t)cuts[i] * PACKET_FRAMES - m->lookahead_frames;
        losses_db[i] = seam_snr_db(m->mono + at, before + at, RATE_HZ / 5) -
                       seam_snr_db(m->mono + at, after + at, RATE_HZ / 5);
        jumps[i] = seam_jump(after + at, RATE_HZ);
        worst = jumps[i] > worst ? jumps[i] : worst;
    }
    bench_fact("seams", "%zu", n_cuts);
    bench_row("  what 200 ms behind a seam lose against one encoder", "dB", losses_db, n_cuts,
        BENCH_AT_MOST, 1.0);
    bench_row(
        "  largest step at a seam ÷ largest within 50 ms", "×", jumps, n_cuts, BENCH_NO_GOAL, 0);
    bench_row_one("  the same, at the worst seam", "×", worst, BENCH_AT_MOST, 1.3);
    bench_row_one("bytes of packets ÷ one encoder's", "×", bytes, BENCH_NO_GOAL, 0);
    free(before);
    free(after);
}

static double wall_of(void (*run)(import *m), import *m)
{
    const double start = bench_wall_ns();
    run(m);
    return bench_wall_ns() - start;
}

static vpriv_recording_id single_id, bulk_id;

static void on_one_thread(import *m)
{
    single_id = run_import(m, 1);
}

static void on_all_threads(import *m)
{
    bulk_id = run_import(m, N_THREADS);
}

static void ratios(double *ratios_out, const double *left, const double *right)
{
    for (int i = 0; i < ROUNDS; i++)
        ratios_out[i] = left[i] / right[i];
}

/* The encoder before and behind, since these rounds are long. */
static void race(import *m)
{
    double encoder[ROUNDS], single[ROUNDS], bulk[ROUNDS], opus[ROUNDS], opusenc[ROUNDS];
    double ratio[ROUNDS], bulk_cpu[ROUNDS], encoder_cpu[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        encoder[i] = wall_of(run_encoder, m) / 2;
        single[i] = wall_of(on_one_thread, m);
        const double cpu = bench_cpu_ns();
        bulk[i] = wall_of(on_all_threads, m);
        bulk_cpu[i] = bench_cpu_ns() - cpu;
        encoder[i] += wall_of(run_encoder, m) / 2;
        encoder_cpu[i] = bench_cpu_ns() - cpu - bulk_cpu[i];
        if (i == 0)
            export_opus(m, &bulk_id);
        opusenc[i] = wall_of(run_opusenc, m);
        opus[i] = wall_of(import_opus, m);
    }
    ratios(ratio, bulk, encoder);
    bench_row("import on 2 threads ÷ libopus alone on one, wall", "×", ratio, ROUNDS, BENCH_AT_MOST,
        0.53);
    ratios(ratio, bulk_cpu, encoder_cpu);
    bench_row("  the same, CPU of all threads", "×", ratio, ROUNDS, BENCH_NO_GOAL, 0);
    ratios(ratio, single, encoder);
    bench_row("import on 1 thread ÷ libopus alone, wall", "×", ratio, ROUNDS, BENCH_NO_GOAL, 0);
    ratios(ratio, opus, opusenc);
    bench_row("import of .opus ÷ opusenc of the same sound, wall", "×", ratio, ROUNDS,
        BENCH_AT_MOST, 0.01);
}

void bench_import(const bench_setting *setting)
{
    const char *folder = setting->folder;
    const bench_speech *speech = setting->speech;
import m = {.n_frames =(size_t) MINUTES * 60 * RATE_HZ };
    bench_group(
        "Importing ten minutes of 48 kHz stereo WAV to 48 kHz mono, 32 kb/s, complexity 10");
    bench_vault_create(folder, "import", &m.vault);
    m.wav_path = bench_path(folder, "long.wav");
    m.opus_path = bench_path(folder, "long.opus");
    m.made_path = bench_path(folder, "made.opus");
    write_wav(&m, speech);
    make_mono(&m, speech);
    start_encoder(&m);
    race(&m);
    report_seams(&m, &single_id, &bulk_id);
    opus_encoder_destroy(m.encoder);
    unlink(m.wav_path);
    free(m.mono);
    free(m.wav_path);
    free(m.opus_path);
    free(m.made_path);
    bench_vault_close(&m.vault);
}
