/* Secrets stay in memory that forgets (P14): while and after recording and reading, ordinary memory of
 * the process is searched for the recording's key, for the keys under it, and for the sound. */
#include "base/memory.h"
#include "capture/source.h"
#include "gate/gate.h"
#include "household.h"
#include "waiting.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY
#define RATE HOUSEHOLD_RATE_HZ
#ifdef __SANITIZE_ADDRESS__
#define CANNOT_LOCK 1 /* the sanitizer makes mlock do nothing */
#else
#define CANNOT_LOCK 0
#endif
#define MASK      0x5a
#define CHUNK     (1u << 20)
#define N_PATTERN 16 /* samples */

static household h;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
}

static void tear_down(void)
{
    household_close(&h);
}

/* What is looked for lies here masked, so that it is not found in the test itself. */
typedef struct needle {
    uint8_t masked[64];
    size_t n_bytes;
} needle;

static needle needle_of(const void *bytes, size_t n_bytes)
{
    needle n = {.n_bytes = n_bytes};
    ck_assert_uint_le(n_bytes, sizeof n.masked);
    for (size_t i = 0; i < n_bytes; i++)
        n.masked[i] = ((const uint8_t *)bytes)[i] ^ MASK;
    return n;
}

typedef struct finding {
    int n_ordinary;
    int n_guarded; /* locked, and left out of core dumps */
} finding;

static bool matches(const uint8_t *at, const needle *n)
{
    for (size_t i = 0; i < n->n_bytes; i++)
        if (at[i] != (n->masked[i] ^ MASK))
            return false;
    return true;
}

static int count_in(int memory, unsigned long from, unsigned long to, const needle *n)
{
    /* Guarded, so that this window onto the memory is no finding of its own. */
    static uint8_t *window;
    int count = 0;
    if (!window)
        ck_ok(vpi_secret_alloc(CHUNK, (void **)&window));
    if ((unsigned long)(uintptr_t)window >= from && (unsigned long)(uintptr_t)window < to)
        return 0;
    while (from < to) {
        const size_t most = to - from < CHUNK ? to - from : CHUNK;
        const ssize_t got = pread(memory, window, most, (off_t)from);
        if (got <= 0)
            break;
        const uint8_t *at = window, *end = window + got - (ssize_t)n->n_bytes + 1;
        while (at < end && (at = memchr(at, n->masked[0] ^ MASK, (size_t)(end - at)))) {
            count += matches(at, n);
            at++;
        }
        if ((size_t)got < CHUNK)
            break;
        from += (size_t)got - n->n_bytes;
    }
    vpi_wipe(window, CHUNK);
    return count;
}

static finding search(const needle *n)
{
    finding found = {0, 0};
    char line[512];
    unsigned long from = 0, to = 0;
    bool readable = false;
    const int memory = open("/proc/self/mem", O_RDONLY);
    FILE *maps = fopen("/proc/self/smaps", "r");
    ck_assert_int_ge(memory, 0);
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long a = 0, b = 0;
        char rights[8];
        if (isxdigit((unsigned char)line[0]) && sscanf(line, "%lx-%lx %7s", &a, &b, rights) == 3) {
            from = a;
            to = b;
            /* What is larger is a sanitizer's shadow: terabytes that nobody ever touched. */
            readable = rights[0] == 'r' && rights[1] == 'w' && b - a < 1ul << 30;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && readable) {
            const bool guarded = strstr(line, " dd") && (CANNOT_LOCK || strstr(line, " lo"));
            *(guarded ? &found.n_guarded : &found.n_ordinary) += count_in(memory, from, to, n);
        }
    }
    fclose(maps);
    close(memory);
    return found;
}

static void ck_only_guarded(const needle *n, const char *what, bool must_be_there)
{
    const finding found = search(n);
    ck_assert_msg(found.n_ordinary == 0, "%s: %d times in ordinary memory", what, found.n_ordinary);
    ck_assert_msg(!must_be_there || found.n_guarded > 0, "%s: the search finds nothing", what);
}

START_TEST(search_finds_what_is_there)
{
    uint8_t *ordinary = malloc(32), *guarded = NULL;
    ck_ok(vpi_secret_alloc(32, (void **)&guarded));
    for (size_t i = 0; i < 32; i++)
        ordinary[i] = guarded[i] = (uint8_t)(200 - 3 * i);
    const needle n = needle_of(ordinary, 32);
    finding found = search(&n);
    ck_assert_int_ge(found.n_ordinary, 1);
    ck_assert_int_eq(found.n_guarded, 1);
    vpi_wipe(ordinary, 32);
    found = search(&n);
    ck_assert_int_eq(found.n_ordinary, 0);
    vpi_secret_free(guarded);
    found = search(&n);
    ck_assert_int_eq(found.n_guarded, 0);
    free(ordinary);
}
END_TEST

static uint32_t seed;

static int16_t next_sample(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (int16_t)((int32_t)seed >> 18);
}

/* One second of sound that nobody has said, made in guarded memory. */
typedef struct secret_sound {
    int16_t frames[RATE];
    float as_float[N_PATTERN];
} secret_sound;

static void push_secret(vpriv_source *source, needle *as_s16, needle *as_float)
{
    secret_sound *sound = NULL;
    size_t n_taken = 0;
    ck_ok(vpi_secret_alloc(sizeof *sound, (void **)&sound));
    for (size_t i = 0; i < RATE; i++)
        sound->frames[i] = next_sample();
    for (size_t i = 0; i < N_PATTERN; i++)
        sound->as_float[i] = (float)sound->frames[RATE - 200 + i] / 32768.0f;
    *as_s16 = needle_of(sound->frames + RATE - 200, 2 * N_PATTERN);
    *as_float = needle_of(sound->as_float, sizeof sound->as_float);
    ck_ok(vpriv_capture_push_write(source, sound->frames, RATE, &n_taken));
    ck_assert_uint_eq(n_taken, RATE);
    vpi_secret_free(sound);
}

static void wait_until_read(vpriv_source *source, size_t all)
{
    (void)waited_until_read(source, all);
    nap(10);
}

/* _i: with the voice gate */
START_TEST(sound_is_in_guarded_memory_only_while_and_after_it_is_recorded)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, RATE, 1};
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    needle waiting[2], ring[2], recorded[2];
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.no_high_pass = true;
    config.voice_gate = _i ? VPRIV_VOICE_GATE_ON : VPRIV_VOICE_GATE_OFF;
    config.pre_roll_ms = 2000;
    config.confirm_ms = 60000; /* searching takes its time */
    seed = 4711;
    ck_ok(vpriv_capture_push_open(&format, 4000, &source));
    const size_t all = vpriv_capture_push_space(source);
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    push_secret(source, &waiting[0], &waiting[1]);
    ck_only_guarded(&waiting[0], "sound waiting in the source", true);
    ck_ok(vpriv_recorder_start(recorder));
    push_secret(source, &ring[0], &ring[1]);
    wait_until_read(source, all);
    ck_assert_int_eq(search(&ring[0]).n_ordinary + search(&ring[0]).n_guarded, 0);
    ck_only_guarded(&ring[1], "sound in the pre-roll", true);
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    ck_only_guarded(&ring[1], "sound while provisional", false);
    ck_ok(vpriv_recorder_confirm(recorder));
    push_secret(source, &recorded[0], &recorded[1]);
    wait_until_read(source, all);
    ck_assert_int_eq(search(&recorded[0]).n_ordinary + search(&recorded[0]).n_guarded, 0);
    ck_only_guarded(&recorded[1], "sound while recording", false);
    ck_ok(vpriv_recorder_stop(recorder, &outcome));
    for (int i = 0; i < 2; i++) {
        ck_only_guarded(&waiting[i], "sound after recording", false);
        ck_only_guarded(&ring[i], "sound after recording", false);
        ck_only_guarded(&recorded[i], "sound after recording", false);
        ck_assert_int_eq(search(&recorded[i]).n_guarded, 0);
        ck_assert_int_eq(search(&ring[i]).n_guarded, 0);
    }
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
}
END_TEST

/* _i: with the voice gate */
START_TEST(rejected_sound_is_gone_from_all_memory)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, RATE, 1};
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    needle before[2], after[2];
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.no_high_pass = true;
    config.voice_gate = _i ? VPRIV_VOICE_GATE_ON : VPRIV_VOICE_GATE_OFF;
    config.confirm_ms = 60000;
    seed = 99;
    ck_ok(vpriv_capture_push_open(&format, 4000, &source));
    const size_t all = vpriv_capture_push_space(source);
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_start(recorder));
    push_secret(source, &before[0], &before[1]);
    wait_until_read(source, all);
    ck_ok(vpriv_recorder_trigger(recorder, &household_button));
    push_secret(source, &after[0], &after[1]);
    wait_until_read(source, all);
    ck_ok(vpriv_recorder_reject(recorder));
    for (int i = 0; i < 2; i++) {
        const finding x = search(&before[i]), y = search(&after[i]);
        ck_assert_int_eq(x.n_ordinary + x.n_guarded + y.n_ordinary + y.n_guarded, 0);
    }
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
}
END_TEST

/* ---- A long file, on several threads ---- */

#define LONG_S    25
#define N_NEEDLES 5

typedef struct secret_file {
    vpriv_source source; /* first */
    size_t at;
    needle needles[N_NEEDLES]; /* a second's last frames, as the encoders get them */
    int n_guarded;
} secret_file;

static vpriv_status go(vpriv_source *source)
{
    (void)source;
    return VPRIV_OK;
}

static void halt(vpriv_source *source)
{
    (void)source;
}

/* The last two seconds before ten lie where it may be cut: no encoder has had them yet. */
static void look_around(secret_file *file)
{
    for (int i = 0; i < N_NEEDLES; i++) {
        const finding found = search(&file->needles[i]);
        ck_assert_int_eq(found.n_ordinary, 0);
        file->n_guarded += found.n_guarded;
    }
}

static vpriv_status make_frames(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    secret_file *file = (secret_file *)(void *)source;
    const size_t n_left = (size_t)LONG_S * RATE - file->at;
    *n_read_out = n_left < capacity_frames ? n_left : capacity_frames;
    *n_lost_out = 0;
    *end_out = n_left == 0;
    if (file->at == RATE * 19 / 2)
        look_around(file);
    for (size_t i = 0; i < *n_read_out; i++)
        ((int16_t *)frames_out)[i] = next_sample();
    file->at += *n_read_out;
    return VPRIV_OK;
}

static void learn_frames(secret_file *file)
{
    float *frames = NULL;
    ck_ok(vpi_secret_alloc(N_PATTERN * sizeof *frames, (void **)&frames));
    for (size_t i = 0; i < (size_t)LONG_S * RATE; i++) {
        const size_t second = i / RATE, into = i % RATE;
        const int16_t sample = next_sample();
        if (second % 5 != 3 || into < RATE - N_PATTERN)
            continue;
        frames[into - (RATE - N_PATTERN)] = (float)sample / 32768.0f;
        if (into == RATE - 1)
            file->needles[second / 5] = needle_of(frames, N_PATTERN * sizeof *frames);
    }
    vpi_secret_free(frames);
}

START_TEST(long_file_is_in_guarded_memory_only_while_threads_encode_it)
{
    static const vpi_source_table table = {"secret", go, make_frames, halt, halt};
    secret_file file = {.source = {.table = &table,
                            .format = {VPRIV_SAMPLE_S16, RATE, 1},
                            .total_frames = (uint64_t)LONG_S * RATE}};
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.no_high_pass = true;
    config.n_threads = 2;
    seed = 31;
    learn_frames(&file);
    seed = 31;
    ck_ok(vpriv_recorder_open(h.vault, &file.source, &config, &recorder));
    ck_ok(vpriv_recorder_run(recorder, &household_button, &outcome));
    ck_assert(outcome.is_stored);
    ck_assert_int_gt(file.n_guarded, 0);
    for (int i = 0; i < N_NEEDLES; i++) {
        const finding found = search(&file.needles[i]);
        ck_assert_int_eq(found.n_ordinary + found.n_guarded, 0);
    }
    vpriv_recorder_close(recorder);
}
END_TEST

/* Learns the keys of a recording from the inside of a reader. */
static void learn_keys(const vpriv_recording_id *id, needle keys_out[3])
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, id, &request, &reader));
    keys_out[0] = needle_of(reader->secrets->keys.recording_key, VPI_KEY_BYTES);
    keys_out[1] = needle_of(reader->secrets->keys.block_key, VPI_KEY_BYTES);
    uint8_t *shred = NULL;
    ck_ok(vpi_secret_alloc(VPI_KEY_BYTES, (void **)&shred));
    household_shred_key(&h, id, shred);
    keys_out[2] = needle_of(shred, VPI_KEY_BYTES);
    vpi_secret_free(shred);
    ck_only_guarded(&keys_out[0], "recording key while reading", true);
    ck_only_guarded(&keys_out[1], "block key while reading", true);
    vpriv_gate_close(reader);
}

typedef struct at_commit_state {
    const needle *keys;
    int n_seen;
} at_commit_state;

static int at_commit(void *user)
{
    at_commit_state *state = user;
    for (int i = 0; i < 2; i++) {
        const finding found = search(&state->keys[i]);
        state->n_seen += found.n_ordinary + found.n_guarded;
    }
    return 0;
}

START_TEST(keys_are_in_guarded_memory_only_and_for_no_longer_than_needed)
{
    needle keys[3], root, catalogue;
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    const vpriv_recording_id id = household_record(&h, h.ada);
    learn_keys(&id, keys);
    for (int i = 0; i < 3; i++) {
        ck_only_guarded(&keys[i], "a key after reading", false);
        ck_assert_int_eq(search(&keys[i]).n_guarded, 0);
    }
    catalogue = needle_of(h.vault->secrets->catalogue_key, VPI_KEY_BYTES);
    ck_only_guarded(&catalogue, "catalogue key", true);
    /* P7: when the entry is committed, no key of the recording is anywhere. */
    at_commit_state state = {keys, 0};
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), at_commit, &state);
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &id, &request, &reader));
    sqlite3_commit_hook(vpi_database_handle(h.vault->database), NULL, NULL);
    ck_assert_int_eq(state.n_seen, 0);
    ck_only_guarded(&keys[0], "recording key while reading again", true);
    vpriv_gate_close(reader);
    /* The root key: the test's own root store keeps it in the clear, once. */
    root = needle_of(h.cell->record + VPI_VAULT_ID_BYTES + 8, VPI_KEY_BYTES);
    ck_assert_int_eq(search(&root).n_ordinary, 1);
    for (int i = 0; i < 4; i++) {
        household_withdraw(&h, h.ada, KEEP);
        ck_assert_int_eq(search(&root).n_ordinary + search(&root).n_guarded, 0);
        root = needle_of(h.cell->record + VPI_VAULT_ID_BYTES + 8, VPI_KEY_BYTES);
        household_give(&h, h.ada, KEEP);
    }
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_only_guarded(&catalogue, "catalogue key after closing", false);
    ck_assert_int_eq(search(&catalogue).n_guarded, 0);
}
END_TEST

START_TEST(decoded_sound_is_in_the_callers_memory_only)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    float *pcm = NULL;
    size_t n_read = 0;
    needle first, last;
    ck_ok(vpi_secret_alloc(4000 * sizeof *pcm, (void **)&pcm));
    const vpriv_recording_id id = household_record(&h, h.ada);
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &id, &request, &reader));
    ck_ok(vpriv_gate_read_frames(reader, pcm, 4000, &n_read));
    ck_assert_uint_eq(n_read, 4000);
    first = needle_of(pcm + 2000, N_PATTERN * sizeof *pcm);
    last = needle_of(pcm + 3900, N_PATTERN * sizeof *pcm);
    ck_only_guarded(&first, "decoded sound while reading", true);
    ck_only_guarded(&last, "decoded sound while reading", true);
    vpriv_gate_close(reader);
    vpi_secret_free(pcm);
    ck_assert_int_eq(search(&first).n_guarded + search(&first).n_ordinary, 0);
    ck_assert_int_eq(search(&last).n_guarded + search(&last).n_ordinary, 0);
}
END_TEST

START_TEST(names_of_people_do_not_linger)
{
    static const char masked[] = "\x0e\x32\x3b\x36\x3f\x29\x35\x3c\x34\x3b\x37\x3f\x29"; /* ^ 5a */
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    char *name = NULL;
    needle n = {.n_bytes = sizeof masked - 1};
    memcpy(n.masked, masked, sizeof masked - 1);
    ck_ok(vpi_secret_alloc(32, (void **)&name));
    for (size_t i = 0; i < sizeof masked - 1; i++)
        name[i] = (char)(masked[i] ^ MASK);
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, name, NULL, id));
    ck_only_guarded(&n, "a name", true);
    vpi_secret_free(name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: secrets");
    TCase *tests = tcase_create("secrets");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, search_finds_what_is_there);
    tcase_add_loop_test(
        tests, sound_is_in_guarded_memory_only_while_and_after_it_is_recorded, 0, 2);
    tcase_add_loop_test(tests, rejected_sound_is_gone_from_all_memory, 0, 2);
    tcase_add_test(tests, long_file_is_in_guarded_memory_only_while_threads_encode_it);
    tcase_add_test(tests, keys_are_in_guarded_memory_only_and_for_no_longer_than_needed);
    tcase_add_test(tests, decoded_sound_is_in_the_callers_memory_only);
    tcase_add_test(tests, names_of_people_do_not_linger);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
