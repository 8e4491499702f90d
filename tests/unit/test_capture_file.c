#include "base/bytes.h"
#include "capture/container.h"
#include "capture/pipe.h"
#include "capture/source.h"
#include "unit.h"
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <voicepriv/capture.h>

#define VOICE "/usr/share/sounds/alsa/Front_Center.wav"

static char folder[] = "/tmp/vp-capture-XXXXXX";

static void enter_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "failed: %s", command);
}

static void ffmpeg(const char *options_and_file)
{
    char command[512];
    snprintf(
        command, sizeof command, "ffmpeg -nostdin -v error -y -i %s %s", VOICE, options_and_file);
    run(command);
}

static void write_file(const char *name, const void *bytes, size_t n_bytes)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n_bytes, file), n_bytes);
    ck_assert_int_eq(fclose(file), 0);
}

static size_t read_file(const char *name, uint8_t *bytes, size_t capacity)
{
    FILE *file = fopen(name, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n_bytes = fread(bytes, 1, capacity, file);
    fclose(file);
    return n_bytes;
}

/* A WAV header with every field in the caller's hand. */
typedef struct wav_fields {
    uint16_t tag, n_channels;
    uint32_t rate_hz;
    uint16_t frame_bytes, n_bits;
    uint32_t claimed_bytes, real_bytes;
} wav_fields;

static const wav_fields good_wav = {1, 1, 16000, 2, 16, 400, 400};

static size_t make_wav(wav_fields fields, uint8_t *bytes, size_t capacity)
{
    vpi_writer w = vpi_writer_of(bytes, capacity);
    vpi_put_bytes(&w, "RIFF", 4);
    vpi_put_u32(&w, 36 + fields.claimed_bytes);
    vpi_put_bytes(&w, "WAVEfmt ", 8);
    vpi_put_u32(&w, 16);
    vpi_put_u16(&w, fields.tag);
    vpi_put_u16(&w, fields.n_channels);
    vpi_put_u32(&w, fields.rate_hz);
    vpi_put_u32(&w, fields.rate_hz * fields.frame_bytes);
    vpi_put_u16(&w, fields.frame_bytes);
    vpi_put_u16(&w, fields.n_bits);
    vpi_put_bytes(&w, "data", 4);
    vpi_put_u32(&w, fields.claimed_bytes);
    for (uint32_t i = 0; i < fields.real_bytes; i++)
        vpi_put_u8(&w, (uint8_t)(i * 7));
    ck_ok(vpi_writer_finish(&w, "test file"));
    return vpi_writer_used(&w);
}

static uint8_t bytes[1 << 20];
static float decoded[1 << 20];

/* Everything a source gives, as bytes; returns frames. */
static size_t drain(vpriv_source *source, void *frames_out, size_t capacity_bytes)
{
    vpriv_stream_format format;
    ck_ok(vpriv_capture_format(source, &format));
    ck_ok(vpi_source_start(source));
    const size_t frame_bytes = vpi_frame_bytes(&format);
    size_t n_frames = 0;
    for (bool end = false; !end;) {
        size_t n_read = 0;
        uint64_t n_lost = 1;
        const size_t room = capacity_bytes / frame_bytes - n_frames;
        ck_assert_uint_gt(room, 0);
        ck_ok(vpi_source_read(source, (uint8_t *)frames_out + n_frames * frame_bytes,
            room < 1000 ? room : 1000, &n_read, &n_lost, &end));
        ck_assert_uint_eq(n_lost, 0);
        n_frames += n_read;
    }
    return n_frames;
}

static void refused(const char *name, vpriv_status status, const char *text)
{
    vpriv_source *source = NULL;
    ck_fails(vpriv_capture_file_open(name, &source), status);
    ck_assert_ptr_null(source);
    ck_assert_msg(strstr(vpriv_error_detail(), text) != NULL, "\"%s\" lacks \"%s\"",
        vpriv_error_detail(), text);
    ck_assert_msg(strncmp(vpriv_error_detail(), name, strlen(name)) == 0, "\"%s\" lacks the name",
        vpriv_error_detail());
}

static void refused_wav(wav_fields fields, vpriv_status status, const char *text)
{
    static uint8_t wav[4096];
    write_file("bad.wav", wav, make_wav(fields, wav, sizeof wav));
    refused("bad.wav", status, text);
}

START_TEST(file_s16_wav_is_bit_exact)
{
    vpriv_source *source = NULL;
    vpriv_stream_format format;
    ck_ok(vpriv_capture_file_open(VOICE, &source));
    ck_ok(vpriv_capture_format(source, &format));
    ck_assert_int_eq(format.sample_format, VPRIV_SAMPLE_S16);
    ck_assert_uint_eq(format.rate_hz, 48000);
    ck_assert_uint_eq(format.n_channels, 1);
    const uint64_t total = vpi_source_total_frames(source);
    static uint8_t frames[1 << 20];
    ck_assert_uint_eq(drain(source, frames, sizeof frames), total);
    const size_t n_bytes = read_file(VOICE, bytes, sizeof bytes);
    ck_assert_uint_gt(n_bytes, total * 2);
    ck_assert_mem_eq(frames, bytes + 44, total * 2);
    vpriv_capture_close(source);
}
END_TEST

START_TEST(file_every_listed_kind_gives_the_same_sound)
{
    static const struct {
        const char *make, *name;
        vpriv_sample_format format;
        double tolerance;
    } kinds[] = {
        {"-c:a pcm_u8 a.wav", "a.wav", VPRIV_SAMPLE_F32, 1.0 / 120},
        {"-c:a pcm_s16le b.wav", "b.wav", VPRIV_SAMPLE_S16, 0},
        {"-c:a pcm_s24le c.wav", "c.wav", VPRIV_SAMPLE_F32, 0},
        {"-c:a pcm_s32le d.wav", "d.wav", VPRIV_SAMPLE_F32, 0},
        {"-c:a pcm_f32le e.wav", "e.wav", VPRIV_SAMPLE_F32, 0},
        {"-rf64 always f.wav", "f.wav", VPRIV_SAMPLE_S16, 0},
        {"-c:a pcm_s16be g.aiff", "g.aiff", VPRIV_SAMPLE_S16, 0},
        {"-c:a pcm_s24be h.aiff", "h.aiff", VPRIV_SAMPLE_F32, 0},
        {"-c:a pcm_s16le i.aiff", "i.aiff", VPRIV_SAMPLE_S16, 0},
        {"-c:a pcm_f32be j.aiff", "j.aiff", VPRIV_SAMPLE_F32, 0},
        {"-sample_fmt s16 k.flac", "k.flac", VPRIV_SAMPLE_S16, 0},
        {"-sample_fmt s32 l.flac", "l.flac", VPRIV_SAMPLE_F32, 0},
    };
    const size_t n_bytes = read_file(VOICE, bytes, sizeof bytes);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        ffmpeg(kinds[k].make);
        vpriv_source *source = NULL;
        vpriv_stream_format format;
        ck_ok(vpriv_capture_file_open(kinds[k].name, &source));
        ck_ok(vpriv_capture_format(source, &format));
        ck_assert_msg(format.sample_format == kinds[k].format, "%s", kinds[k].make);
        ck_assert_uint_eq(format.rate_hz, 48000);
        const size_t n_frames = drain(source, decoded, sizeof decoded);
        ck_assert_uint_eq(n_frames, vpi_source_total_frames(source));
        ck_assert_uint_eq(n_frames, (n_bytes - 44) / 2);
        for (size_t i = 0; i < n_frames; i++) {
            const int16_t wanted = (int16_t)(bytes[44 + 2 * i] | bytes[45 + 2 * i] << 8);
            const double got = format.sample_format == VPRIV_SAMPLE_S16
                                   ? ((int16_t *)decoded)[i]
                                   : (double)decoded[i] * 32768;
            ck_assert_msg(fabs(got - wanted) <= kinds[k].tolerance * 32768,
                "%s: frame %zu is %g, not %d", kinds[k].make, i, got, wanted);
        }
        vpriv_capture_close(source);
    }
}
END_TEST

START_TEST(file_nan_and_infinity_pass_through)
{
    wav_fields fields = {3, 1, 16000, 4, 32, 12, 12};
    const size_t n_bytes = make_wav(fields, bytes, sizeof bytes);
    const float odd[3] = {NAN, INFINITY, -2.5f};
    memcpy(bytes + n_bytes - 12, odd, 12);
    write_file("odd.wav", bytes, n_bytes);
    vpriv_source *source = NULL;
    ck_ok(vpriv_capture_file_open("odd.wav", &source));
    float frames[8];
    ck_assert_uint_eq(drain(source, frames, sizeof frames), 3);
    ck_assert(isnan(frames[0]) && isinf(frames[1]) && frames[2] <= -2.5f && frames[2] >= -2.5f);
    vpriv_capture_close(source);
}
END_TEST

START_TEST(file_what_is_no_sound_file_is_named)
{
    write_file("empty", "", 0);
    refused("empty", VPRIV_E_FORMAT, "is empty");
    write_file("short", "RIFF", 4);
    refused("short", VPRIV_E_FORMAT, "not a sound file");
    static const char text[] = "Dear diary, today the speaker in the kitchen laughed at me.\n";
    write_file("text.wav", text, sizeof text);
    refused("text.wav", VPRIV_E_FORMAT, "not a sound file");
    ck_assert_ptr_null(strstr(vpriv_error_detail(), "diary"));
    refused("/tmp", VPRIV_E_FORMAT, "is a directory");
    refused("missing.wav", VPRIV_E_NOT_FOUND, "No such file");
    refused("text.wav/x", VPRIV_E_NOT_FOUND, "Not a directory");
    ck_assert_int_eq(mkfifo("fifo.wav", 0600), 0);
    refused("fifo.wav", VPRIV_E_FORMAT, "named pipe");
    refused("/dev/null", VPRIV_E_FORMAT, "device");
    ffmpeg("-c:a libopus v.opus");
    refused("v.opus", VPRIV_E_UNSUPPORTED, "Ogg");
    ffmpeg("-c:a adpcm_ima_wav adpcm.wav");
    refused("adpcm.wav", VPRIV_E_UNSUPPORTED, "coding");
    ffmpeg("-c:a pcm_alaw alaw.aiff");
    refused("alaw.aiff", VPRIV_E_UNSUPPORTED, "AIFF-C coding");
    ffmpeg("-c:a pcm_f64le f64.wav");
    refused("f64.wav", VPRIV_E_UNSUPPORTED, "64 bits");
    vpriv_source *source = NULL;
    ck_fails(vpriv_capture_file_open(NULL, &source), VPRIV_E_ARG);
    ck_fails(vpriv_capture_file_open("x", NULL), VPRIV_E_ARG);
}
END_TEST

START_TEST(file_wav_headers_outside_the_bounds_are_refused)
{
    wav_fields f = good_wav;
    f.claimed_bytes = 401;
    refused_wav(f, VPRIV_E_FORMAT, "cut short");
    f.claimed_bytes = UINT32_MAX;
    refused_wav(f, VPRIV_E_FORMAT, "claims 4294967295 bytes");
    f.claimed_bytes = 0;
    refused_wav(f, VPRIV_E_FORMAT, "no sound");
    f = good_wav;
    f.n_channels = 0;
    refused_wav(f, VPRIV_E_LIMIT, "0 channels");
    f.n_channels = 9;
    refused_wav(f, VPRIV_E_LIMIT, "9 channels");
    f = good_wav;
    f.rate_hz = 7999;
    refused_wav(f, VPRIV_E_LIMIT, "7999 Hz");
    f.rate_hz = UINT32_MAX;
    refused_wav(f, VPRIV_E_LIMIT, "4294967295 Hz");
    f = good_wav;
    f.frame_bytes = 4;
    refused_wav(f, VPRIV_E_FORMAT, "frames of 4 bytes");
    f = good_wav;
    f.n_bits = 12;
    refused_wav(f, VPRIV_E_UNSUPPORTED, "12 bits");
    f = good_wav;
    f.tag = 85;
    refused_wav(f, VPRIV_E_UNSUPPORTED, "coding 85");
}
END_TEST

START_TEST(file_longer_than_the_limit_is_refused)
{
    static uint8_t head[64];
    wav_fields f = {1, 1, 8000, 1, 8, 8000u * 3600 * VPRIV_CAPTURE_FILE_MAX_HOURS + 8000, 0};
    write_file("long.wav", head, make_wav(f, head, sizeof head));
    ck_assert_int_eq(truncate("long.wav", 44 + (off_t)f.claimed_bytes), 0);
    refused("long.wav", VPRIV_E_LIMIT, "longer than 24 hours");
}
END_TEST

/* Open and read to the end or to the first error; must come back either way. */
static bool reads_whole(const char *name)
{
    vpriv_source *source = NULL;
    if (vpriv_capture_file_open(name, &source) != VPRIV_OK)
        return false;
    ck_ok(vpi_source_start(source));
    vpriv_status st = VPRIV_OK;
    for (bool end = false; st == VPRIV_OK && !end;) {
        size_t n_read;
        uint64_t n_lost;
        st = vpi_source_read(source, decoded, 4096, &n_read, &n_lost, &end);
    }
    vpriv_capture_close(source);
    return st == VPRIV_OK;
}

static void every_cut_is_noticed(const char *name)
{
    const size_t n_bytes = read_file(name, bytes, sizeof bytes);
    ck_assert(reads_whole(name));
    for (size_t n = 0; n < n_bytes; n += n < 256 || n > n_bytes - 20 ? 1 : 997) {
        write_file("cut", bytes, n);
        ck_assert_msg(!reads_whole("cut"), "%s cut to %zu of %zu bytes", name, n, n_bytes);
        ck_assert_str_ne(vpriv_error_detail(), "");
    }
}

START_TEST(file_cut_anywhere_is_an_error)
{
    ffmpeg("-t 0.3 -map_metadata -1 -bitexact c.wav");
    every_cut_is_noticed("c.wav");
    ffmpeg("-t 0.3 -rf64 always -bitexact c64.wav");
    every_cut_is_noticed("c64.wav");
    ffmpeg("-t 0.3 -bitexact c.aiff");
    every_cut_is_noticed("c.aiff");
    ffmpeg("-t 0.3 -bitexact c.flac");
    every_cut_is_noticed("c.flac");
}
END_TEST

START_TEST(file_damaged_headers_never_crash)
{
    static const char *const names[] = {"h.wav", "h64.wav", "h.aiff", "h.flac"};
    ffmpeg("-t 0.05 -bitexact h.wav");
    ffmpeg("-t 0.05 -rf64 always -bitexact h64.wav");
    ffmpeg("-t 0.05 -bitexact h.aiff");
    ffmpeg("-t 0.05 -bitexact h.flac");
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    unsigned n_refused = 0;
    for (size_t k = 0; k < 4; k++) {
        const size_t n_bytes = read_file(names[k], bytes, sizeof bytes);
        for (size_t at = 0; at < 120; at++)
            for (size_t i = 0; i < sizeof flips; i++) {
                bytes[at] ^= flips[i];
                write_file("flipped", bytes, n_bytes);
                n_refused += !reads_whole("flipped");
                bytes[at] ^= flips[i];
            }
    }
    ck_assert_uint_gt(n_refused, 300);
}
END_TEST

/* A source reading the given bytes from a pipe whose writer has closed. */
static vpriv_status pipe_of(const uint8_t *data, size_t n_bytes, int *fd_out, vpriv_source **source)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], data, n_bytes), (int)n_bytes);
    close(ends[1]);
    *fd_out = ends[0];
    return vpi_pipe_open(ends[0], source);
}

START_TEST(pipe_wav_is_read_to_its_length_or_to_the_end)
{
    static const struct {
        uint32_t claimed, real;
        size_t n_frames;
        bool known;
    } cases[] = {
        {400, 400, 200, true},
        {100, 400, 50, true},
        {0, 400, 200, false},
        {UINT32_MAX, 400, 200, false},
        {0x7ffff000u, 401, 200, false},
        {0x80000000u, 400, 200, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wav_fields f = good_wav;
        f.claimed_bytes = cases[i].claimed;
        f.real_bytes = cases[i].real;
        const size_t n_bytes = make_wav(f, bytes, sizeof bytes);
        vpriv_source *source = NULL;
        int fd;
        ck_ok(pipe_of(bytes, n_bytes, &fd, &source));
        ck_assert(
            vpi_source_total_frames(source) == (cases[i].known ? cases[i].n_frames : UINT64_MAX));
        static uint8_t frames[1024];
        ck_assert_uint_eq(drain(source, frames, sizeof frames), cases[i].n_frames);
        ck_assert_mem_eq(frames, bytes + 44, cases[i].n_frames * 2);
        vpriv_capture_close(source);
        close(fd);
    }
}
END_TEST

START_TEST(pipe_frames_torn_apart_are_put_together)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    wav_fields f = {1, 3, 8000, 9, 24, 0, 900};
    const size_t n_bytes = make_wav(f, bytes, sizeof bytes);
    ck_assert_int_eq(write(ends[1], bytes, 44), 44);
    vpriv_source *source = NULL;
    ck_ok(vpi_pipe_open(ends[0], &source));
    ck_ok(vpi_source_start(source));
    static uint8_t frames[1024];
    size_t n_frames = 0, n_read = 0;
    uint64_t n_lost;
    bool end = false;
    ck_ok(vpi_source_read(source, frames, 10, &n_read, &n_lost, &end));
    ck_assert_uint_eq(n_read, 0);
    ck_assert(!end);
    for (size_t at = 44; at < n_bytes; at += 4) {
        ck_assert_int_eq(write(ends[1], bytes + at, 4), 4);
        ck_ok(vpi_source_read(source, frames + n_frames * 9, 10, &n_read, &n_lost, &end));
        n_frames += n_read;
    }
    close(ends[1]);
    ck_assert_uint_eq(n_frames, 100);
    ck_assert_mem_eq(frames, bytes + 44, 900);
    ck_ok(vpi_source_read(source, frames, 10, &n_read, &n_lost, &end));
    ck_assert(end);
    vpriv_capture_close(source);
    close(ends[0]);
}
END_TEST

START_TEST(pipe_cut_short_or_of_another_kind_is_an_error)
{
    vpriv_source *source = NULL;
    int fd;
    const size_t n_bytes = make_wav(good_wav, bytes, sizeof bytes);
    for (size_t n = 0; n < 44; n++) {
        ck_fails(pipe_of(bytes, n, &fd, &source), VPRIV_E_FORMAT);
        close(fd);
    }
    for (size_t n = 44; n < n_bytes; n += 13) {
        static uint8_t frames[1024];
        size_t n_read = 0;
        uint64_t n_lost;
        bool end = false;
        ck_ok(pipe_of(bytes, n, &fd, &source));
        ck_ok(vpi_source_start(source));
        vpriv_status st = VPRIV_OK;
        while (st == VPRIV_OK && !end)
            st = vpi_source_read(source, frames, 100, &n_read, &n_lost, &end);
        ck_assert_int_eq(st, VPRIV_E_FORMAT);
        vpriv_capture_close(source);
        close(fd);
    }
    ck_fails(pipe_of((const uint8_t *)"FORM....AIFF....", 16, &fd, &source), VPRIV_E_FORMAT);
    close(fd);
    wav_fields f = {1, 1, 8000, 1, 8, 100, 100};
    const size_t n_eight = make_wav(f, bytes, sizeof bytes);
    ck_fails(pipe_of(bytes, n_eight, &fd, &source), VPRIV_E_UNSUPPORTED);
    close(fd);
}
END_TEST

START_TEST(pipe_dash_is_standard_input)
{
    ffmpeg("-c:a pcm_s16le -f wav - | cat > piped.wav");
    ck_assert_ptr_nonnull(freopen("piped.wav", "rb", stdin));
    vpriv_source *source = NULL;
    ck_ok(vpriv_capture_file_open("-", &source));
    ck_assert_str_eq(vpriv_capture_name(source), "pipe");
    static uint8_t frames[1 << 20];
    const size_t n_frames = drain(source, frames, sizeof frames);
    const size_t n_bytes = read_file(VOICE, bytes, sizeof bytes);
    ck_assert_uint_eq(n_frames, (n_bytes - 44) / 2);
    ck_assert_mem_eq(frames, bytes + 44, n_frames * 2);
    vpriv_capture_close(source);
    refused("piped.wav", VPRIV_E_FORMAT, "standard input");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_file");
    TCase *tests = tcase_create("file");
    tcase_add_unchecked_fixture(tests, enter_folder, leave_folder);
    tcase_add_test(tests, file_s16_wav_is_bit_exact);
    tcase_add_test(tests, file_every_listed_kind_gives_the_same_sound);
    tcase_add_test(tests, file_nan_and_infinity_pass_through);
    tcase_add_test(tests, file_what_is_no_sound_file_is_named);
    tcase_add_test(tests, file_wav_headers_outside_the_bounds_are_refused);
    tcase_add_test(tests, file_longer_than_the_limit_is_refused);
    tcase_add_test(tests, file_cut_anywhere_is_an_error);
    tcase_add_test(tests, file_damaged_headers_never_crash);
    tcase_add_test(tests, pipe_wav_is_read_to_its_length_or_to_the_end);
    tcase_add_test(tests, pipe_frames_torn_apart_are_put_together);
    tcase_add_test(tests, pipe_cut_short_or_of_another_kind_is_an_error);
    tcase_add_test(tests, pipe_dash_is_standard_input);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
