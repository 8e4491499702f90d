/* A card of libasound's ioplug kind for tests: a real PCM of real libasound, paced by the clock, whose
 * troubles can be called up. A kernel card cannot be had without a kernel module; what the two differ in
 * is only who moves the pointer.
 *
 * Each frame carries its own number: frames since the plug-in was first started, in the low bits of
 * its samples, also while the card stands. The words in the file `control` are what is wrong: nothing,
 * "xrun" (it stops once, and takes 100 ms to start again), "gone" (unplugged), "hangup" (its descriptor
 * says so), "silent" (no frame comes), "leap" (ten hours of frames were there at once). */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

typedef struct test_card {
    snd_pcm_ioplug_t io;
    char control[512];
    int timer;
    int64_t epoch_ns;
    int64_t started_ns;
    snd_pcm_sframes_t pointer;
    snd_pcm_uframes_t boundary;
    char trouble[32];
    bool xrun_told;
} test_card;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void read_trouble(test_card *card)
{
    FILE *file = fopen(card->control, "r");
    char word[sizeof card->trouble] = "";
    if (file) {
        if (fscanf(file, "%31s", word) != 1)
            word[0] = '\0';
        fclose(file);
    }
    if (strcmp(word, card->trouble) != 0)
        card->xrun_told = false;
    memcpy(card->trouble, word, sizeof word);
}

static bool has(const test_card *card, const char *trouble)
{
    return strcmp(card->trouble, trouble) == 0;
}

static int64_t frames_since(const test_card *card, int64_t then_ns)
{
    const int64_t passed_ns = now_ns() - then_ns;
    return passed_ns / NS_PER_S * card->io.rate + passed_ns % NS_PER_S * card->io.rate / NS_PER_S;
}

static int card_start(snd_pcm_ioplug_t *io)
{
    test_card *card = io->private_data;
    const struct itimerspec every = {.it_interval = {0, 5000000}, .it_value = {0, 5000000}};
    read_trouble(card);
    if (has(card, "gone"))
        return -ENODEV;
    if (has(card, "xrun"))
        usleep(100000);
    if (timerfd_settime(card->timer, 0, &every, NULL) < 0)
        return -errno;
    card->pointer = 0;
    card->started_ns = now_ns(); /* last: libasound notes the time of the start next */
    if (card->epoch_ns == 0)
        card->epoch_ns = card->started_ns;
    return 0;
}

static int card_stop(snd_pcm_ioplug_t *io)
{
    const struct itimerspec never = {{0, 0}, {0, 0}};
    return timerfd_settime(((test_card *)io->private_data)->timer, 0, &never, NULL);
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
    test_card *card = io->private_data;
    read_trouble(card);
    if (has(card, "gone")) {
        snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
        return -ENODEV;
    }
    if (has(card, "xrun") && !card->xrun_told) {
        card->xrun_told = true;
        return -EPIPE;
    }
    const int64_t leap_ns = has(card, "leap") ? 36000 * NS_PER_S : 0;
    if (!has(card, "silent"))
        card->pointer = (snd_pcm_sframes_t)(frames_since(card, card->started_ns - leap_ns) %
                                            (int64_t)card->boundary);
    return card->pointer;
}

static snd_pcm_sframes_t card_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
    snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
    const test_card *card = io->private_data;
    const int64_t base = (card->started_ns - card->epoch_ns) / 1000 * io->rate / 1000000;
    const unsigned sample_bytes = (unsigned)snd_pcm_format_physical_width(io->format) / 8;
    for (snd_pcm_uframes_t i = 0; i < size; i++)
        for (unsigned channel = 0; channel < io->channels; channel++) {
            const uint32_t number = (uint32_t)(base + (int64_t)(io->appl_ptr + i));
            uint8_t *at = (uint8_t *)areas[channel].addr +
                          (areas[channel].first + (offset + i) * areas[channel].step) / 8;
            memcpy(at, &number, sample_bytes);
        }
    return (snd_pcm_sframes_t)size;
}

static int card_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
    return snd_pcm_sw_params_get_boundary(params, &((test_card *)io->private_data)->boundary);
}

static int card_prepare(snd_pcm_ioplug_t *io)
{
    const test_card *card = io->private_data;
    return has(card, "gone") ? -ENODEV : 0;
}

static int card_revents(
    snd_pcm_ioplug_t *io, struct pollfd *polled, unsigned n_polled, unsigned short *revents)
{
    const test_card *card = io->private_data;
    uint64_t ticks;
    (void)!read(card->timer, &ticks, sizeof ticks);
    *revents = n_polled == 1 ? (unsigned short)polled->revents : 0;
    if (has(card, "hangup") || has(card, "gone"))
        *revents = POLLERR | POLLHUP;
    return 0;
}

static int card_close(snd_pcm_ioplug_t *io)
{
    test_card *card = io->private_data;
    close(card->timer);
    free(card);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = card_start,
    .stop = card_stop,
    .pointer = card_pointer,
    .transfer = card_transfer,
    .close = card_close,
    .sw_params = card_sw_params,
    .prepare = card_prepare,
    .poll_revents = card_revents,
};

static int set_limits(test_card *card, snd_config_t *conf)
{
    static const unsigned access[] = {
        SND_PCM_ACCESS_MMAP_INTERLEAVED, SND_PCM_ACCESS_RW_INTERLEAVED};
    static const unsigned all_formats[] = {SND_PCM_FORMAT_S16_LE, SND_PCM_FORMAT_S24_3LE,
        SND_PCM_FORMAT_S32_LE, SND_PCM_FORMAT_FLOAT_LE};
    snd_config_t *part = NULL;
    long is_poor = 0;
    if (snd_config_search(conf, "poor", &part) == 0)
        snd_config_get_integer(part, &is_poor);
    snd_pcm_ioplug_t *io = &card->io;
    /* A poor card: no mapping, 16 bits, two channels, one rate. */
    if (snd_pcm_ioplug_set_param_list(
            io, SND_PCM_IOPLUG_HW_ACCESS, is_poor ? 1 : 2, access + (is_poor ? 1 : 0)) < 0 ||
        snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, is_poor ? 1 : 4, all_formats) <
            0 ||
        snd_pcm_ioplug_set_param_minmax(
            io, SND_PCM_IOPLUG_HW_CHANNELS, is_poor ? 2 : 1, is_poor ? 2 : 8) < 0 ||
        snd_pcm_ioplug_set_param_minmax(
            io, SND_PCM_IOPLUG_HW_RATE, is_poor ? 44100 : 8000, is_poor ? 44100 : 192000) < 0 ||
        snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 1024) < 0)
        return -EINVAL;
    return snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 1024, 1 << 22);
}

/* What libasound looks for. */
#pragma GCC visibility push(default)
SND_PCM_PLUGIN_DEFINE_FUNC(voicepriv);
SND_DLSYM_BUILD_VERSION(SND_PCM_PLUGIN_ENTRY(voicepriv), SND_PCM_DLSYM_VERSION)
#pragma GCC visibility pop

SND_PCM_PLUGIN_DEFINE_FUNC(voicepriv)
{
    const char *control = NULL;
    snd_config_t *part = NULL;
    test_card *card = calloc(1, sizeof *card);
    (void)root;
    if (!card || snd_config_search(conf, "control", &part) < 0 ||
        snd_config_get_string(part, &control) < 0)
        return -EINVAL;
    snprintf(card->control, sizeof card->control, "%s", control);
    card->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    card->io.version = SND_PCM_IOPLUG_VERSION;
    card->io.name = "test card";
    card->io.callback = &callbacks;
    card->io.private_data = card;
    card->io.poll_fd = card->timer;
    card->io.poll_events = POLLIN;
    card->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC | SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
    int error = snd_pcm_ioplug_create(&card->io, name, stream, mode);
    if (error == 0)
        error = set_limits(card, conf);
    if (error == 0)
        *pcmp = card->io.pcm;
    return error;
}
