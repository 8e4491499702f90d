#include "capture/alsa_pcm.h"
#include "base/try.h"
#include <string.h>

#define N_DEEP_MAX      16
#define PERIOD_US       10000
#define BUFFER_US       500000
#define DEFAULT_RATE_HZ 48000

/* Kinds of PCM whose frames come from a card, or from what they are wrapped around. */
static const char *const card_types[] = {"hw", "plug", "dsnoop", "asym", "route", "rate", "copy",
    "linear", "lfloat", "softvol", "hooks", "multi", "mmap_emul", "empty"};
/* A server decides what is recorded through these, and changes its mind: no option allows them. */
static const char *const server_types[] = {"pulse", "pipewire", "jack"};

static _Thread_local char message[256];

__attribute__((format(printf, 5, 0))) static void keep_message(const char *file, int line,
    const char *function, int error, const char *format, va_list arguments)
{
    (void)file, (void)line, (void)function, (void)error;
    if (!message[0]) /* the first one is nearest to the cause */
        vsnprintf(message, sizeof message, format, arguments);
}

void vpi_alsa_messages_begin(void)
{
    message[0] = '\0';
    vpi_snd.lib_error_set_local(keep_message);
}

void vpi_alsa_messages_end(void)
{
    vpi_snd.lib_error_set_local(NULL);
}

static bool is_among(const char *type, const char *const *types, size_t n_types)
{
    for (size_t i = 0; i < n_types; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static vpriv_status refuse(const char *what)
{
    return vpi_fail(VPRIV_E_UNSUPPORTED,
        "is not a sound card (%s), and might be connected to anything; for the microphones of a "
        "sound server there is the source pulse",
        what);
}

static vpriv_status check_type(const char *type, bool allow_non_card)
{
    char what[64];
    const bool is_server = is_among(type, server_types, sizeof server_types / sizeof *server_types);
    if (!is_server &&
        (allow_non_card || is_among(type, card_types, sizeof card_types / sizeof *card_types)))
        return VPRIV_OK;
    snprintf(what, sizeof what, "type %.40s", type);
    return refuse(what);
}

static vpriv_status check_definition(
    snd_config_t *all, snd_config_t *definition, bool allow_non_card, int n_deep);

static vpriv_status check_named(
    snd_config_t *all, const char *kind, const char *name, bool allow_non_card, int n_deep)
{
    snd_config_t *definition = NULL;
    const int error = vpi_snd.config_search_definition(all, kind, name, &definition);
    if (error < 0)
        return vpi_fail(error == -ENOENT ? VPRIV_E_NOT_FOUND : VPRIV_E_IO, "%s: %s", name,
            message[0] ? message : vpi_snd.strerror(error));
    const vpriv_status st = check_definition(all, definition, allow_non_card, n_deep + 1);
    vpi_snd.config_delete(definition);
    return st;
}

/* A definition, and everything that it is wrapped around. */
static vpriv_status check_definition(
    snd_config_t *all, snd_config_t *definition, bool allow_non_card, int n_deep)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(n_deep < N_DEEP_MAX, VPRIV_E_LIMIT, "its definition is nested too deeply");
    if (vpi_snd.config_get_type(definition) != SND_CONFIG_TYPE_COMPOUND)
        return VPRIV_OK;
    for (snd_config_iterator_t at = vpi_snd.config_iterator_first(definition);
         at != vpi_snd.config_iterator_end(definition); at = vpi_snd.config_iterator_next(at)) {
        snd_config_t *part = vpi_snd.config_iterator_entry(at);
        const char *id = NULL, *text = NULL;
        if (vpi_snd.config_get_id(part, &id) < 0 || !id || strcmp(id, "playback") == 0 ||
            strcmp(id, "hint") == 0)
            continue;
        if (vpi_snd.config_get_string(part, &text) < 0)
            VPI_TRY(check_definition(all, part, allow_non_card, n_deep + 1));
        else if (strcmp(id, "type") == 0)
            VPI_TRY(check_type(text, allow_non_card));
        else if (strcmp(id, "pcm") == 0)
            VPI_TRY(check_named(all, "pcm", text, allow_non_card, n_deep));
        else if (strcmp(id, "slave") == 0)
            VPI_TRY(check_named(all, "pcm_slave", text, allow_non_card, n_deep));
    }
    st = VPRIV_OK;
out:
    return st;
}

/* Which card it is, so that another one in its place is noticed. */
static vpriv_status identify(snd_pcm_t *pcm, bool allow_non_card, char *card_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    snd_pcm_info_t *info;
    snd_ctl_card_info_t *card;
    snd_ctl_t *control = NULL;
    char name[32];
    VPI_SND_ALLOCA(pcm_info, &info);
    VPI_SND_ALLOCA(ctl_card_info, &card);
    VPI_ENSURE(vpi_snd.pcm_info(pcm, info) == 0, VPRIV_E_IO, "does not say what it is");
    card_out[0] = '\0';
    const int number = vpi_snd.pcm_info_get_card(info);
    if (number < 0) {
        st = allow_non_card ? VPRIV_OK : refuse("it has no card");
        goto out;
    }
    snprintf(name, sizeof name, "hw:%d", number);
    VPI_ENSURE(vpi_snd.ctl_open(&control, name, SND_CTL_NONBLOCK) == 0 &&
                   vpi_snd.ctl_card_info(control, card) == 0,
        VPRIV_E_IO, "its card does not say which one it is");
    snprintf(card_out, VPI_ALSA_CARD_BYTES, "%s %u %.90s", vpi_snd.ctl_card_info_get_id(card),
        vpi_snd.pcm_info_get_device(info), vpi_snd.ctl_card_info_get_longname(card));
    st = VPRIV_OK;
out:
    if (control)
        vpi_snd.ctl_close(control);
    return st;
}

static const struct {
    snd_pcm_format_t theirs;
    vpriv_sample_format ours;
} sample_formats[] = {
    /* those with more bits first: quiet speech uses the lowest ones */
    {SND_PCM_FORMAT_S32_LE, VPRIV_SAMPLE_S32},
    {SND_PCM_FORMAT_S24_3LE, VPRIV_SAMPLE_S24},
    {SND_PCM_FORMAT_FLOAT_LE, VPRIV_SAMPLE_F32},
    {SND_PCM_FORMAT_S16_LE, VPRIV_SAMPLE_S16},
};

static vpriv_status choose_sample_format(
    const vpi_alsa_request *request, vpi_alsa_pcm *pcm, snd_pcm_hw_params_t *hardware)
{
    for (int wanted_only = 1; wanted_only >= 0; wanted_only--)
        for (size_t i = 0; i < sizeof sample_formats / sizeof *sample_formats; i++) {
            if (wanted_only && sample_formats[i].ours != request->wanted.sample_format)
                continue;
            if (vpi_snd.pcm_hw_params_set_format(pcm->pcm, hardware, sample_formats[i].theirs) ==
                0) {
                pcm->format.sample_format = sample_formats[i].ours;
                return VPRIV_OK;
            }
        }
    return vpi_fail(VPRIV_E_UNSUPPORTED, "gives its samples in none of the forms that are read "
                                         "here (16, packed 24, 32 bits, float)");
}

/* The wanted one, or the next higher, or the next lower. */
static vpriv_status choose_channels(
    const vpi_alsa_request *request, vpi_alsa_pcm *pcm, snd_pcm_hw_params_t *hardware)
{
    const unsigned wanted = request->wanted.n_channels ? request->wanted.n_channels : 1;
    for (unsigned step = 0; step < 2 * VPRIV_CHANNELS_MAX; step++) {
        const bool is_higher = step < VPRIV_CHANNELS_MAX;
        const unsigned n = is_higher ? wanted + step : wanted + VPRIV_CHANNELS_MAX - 1 - step;
        if (n >= 1 && n <= VPRIV_CHANNELS_MAX &&
            vpi_snd.pcm_hw_params_set_channels(pcm->pcm, hardware, n) == 0) {
            pcm->format.n_channels = n;
            return VPRIV_OK;
        }
    }
    return vpi_fail(
        VPRIV_E_UNSUPPORTED, "cannot be read with %u channels or less", VPRIV_CHANNELS_MAX);
}

/* The wanted one, or the lowest above it, or the highest below. */
static vpriv_status choose_rate(
    const vpi_alsa_request *request, vpi_alsa_pcm *pcm, snd_pcm_hw_params_t *hardware)
{
    static const unsigned usual_hz[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100,
        48000, 64000, 88200, 96000, 176400, 192000};
    const unsigned n_usual = sizeof usual_hz / sizeof *usual_hz;
    const unsigned wanted_hz = request->wanted.rate_hz ? request->wanted.rate_hz : DEFAULT_RATE_HZ;
    unsigned chosen_hz = 0;
    if (vpi_snd.pcm_hw_params_test_rate(pcm->pcm, hardware, wanted_hz, 0) == 0)
        chosen_hz = wanted_hz;
    for (unsigned i = 0; i < n_usual && chosen_hz < wanted_hz; i++)
        if (vpi_snd.pcm_hw_params_test_rate(pcm->pcm, hardware, usual_hz[i], 0) == 0)
            chosen_hz = usual_hz[i];
    if (chosen_hz == 0 || vpi_snd.pcm_hw_params_set_rate(pcm->pcm, hardware, chosen_hz, 0) < 0)
        return vpi_fail(VPRIV_E_UNSUPPORTED, "has no rate from %u to %u Hz", VPRIV_RATE_MIN_HZ,
            VPRIV_RATE_MAX_HZ);
    pcm->format.rate_hz = chosen_hz;
    return VPRIV_OK;
}

static bool is_same_format(const vpriv_stream_format *one, const vpriv_stream_format *other)
{
    return one->sample_format == other->sample_format && one->rate_hz == other->rate_hz &&
           one->n_channels == other->n_channels;
}

static vpriv_status set_hardware(const vpi_alsa_request *request, vpi_alsa_pcm *pcm)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    snd_pcm_hw_params_t *hardware;
    snd_pcm_uframes_t period_frames = 0, buffer_frames = 0;
    unsigned period_us = PERIOD_US, buffer_us = BUFFER_US;
    VPI_SND_ALLOCA(pcm_hw_params, &hardware);
    VPI_ENSURE(vpi_snd.pcm_hw_params_any(pcm->pcm, hardware) >= 0, VPRIV_E_UNSUPPORTED,
        "cannot be set up at all");
    (void)vpi_snd.pcm_hw_params_set_rate_resample(pcm->pcm, hardware, 0);
    pcm->is_mmap =
        vpi_snd.pcm_hw_params_set_access(pcm->pcm, hardware, SND_PCM_ACCESS_MMAP_INTERLEAVED) == 0;
    VPI_ENSURE(pcm->is_mmap || vpi_snd.pcm_hw_params_set_access(
                                   pcm->pcm, hardware, SND_PCM_ACCESS_RW_INTERLEAVED) == 0,
        VPRIV_E_UNSUPPORTED, "does not give interleaved frames");
    VPI_TRY(choose_sample_format(request, pcm, hardware));
    VPI_TRY(choose_channels(request, pcm, hardware));
    VPI_TRY(choose_rate(request, pcm, hardware));
    VPI_ENSURE(!request->is_exact || is_same_format(&pcm->format, &request->wanted),
        VPRIV_E_DEVICE_LOST, "does not give the format any more that it gave before");
    (void)vpi_snd.pcm_hw_params_set_period_time_near(pcm->pcm, hardware, &period_us, NULL);
    (void)vpi_snd.pcm_hw_params_set_buffer_time_near(pcm->pcm, hardware, &buffer_us, NULL);
    const int error = vpi_snd.pcm_hw_params(pcm->pcm, hardware);
    VPI_ENSURE(error == 0, VPRIV_E_IO, "cannot be set up: %s", vpi_snd.strerror(error));
    VPI_ENSURE(vpi_snd.pcm_hw_params_get_period_size(hardware, &period_frames, NULL) == 0 &&
                   vpi_snd.pcm_hw_params_get_buffer_size(hardware, &buffer_frames) == 0 &&
                   period_frames > 0 && buffer_frames >= 2 * period_frames,
        VPRIV_E_UNSUPPORTED, "has a buffer of less than two periods");
    pcm->period_frames = period_frames;
    pcm->buffer_frames = buffer_frames;
    st = VPRIV_OK;
out:
    return st;
}

/* It runs on when its buffer is full: how much was overwritten can then be told to the frame. */
static vpriv_status set_software(vpi_alsa_pcm *pcm)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    snd_pcm_sw_params_t *software;
    snd_pcm_uframes_t boundary = 0;
    VPI_SND_ALLOCA(pcm_sw_params, &software);
    VPI_ENSURE(vpi_snd.pcm_sw_params_current(pcm->pcm, software) == 0 &&
                   vpi_snd.pcm_sw_params_get_boundary(software, &boundary) == 0 &&
                   vpi_snd.pcm_sw_params_set_start_threshold(pcm->pcm, software, boundary) == 0 &&
                   vpi_snd.pcm_sw_params_set_stop_threshold(pcm->pcm, software, boundary) == 0 &&
                   vpi_snd.pcm_sw_params_set_avail_min(pcm->pcm, software, pcm->period_frames) == 0,
        VPRIV_E_UNSUPPORTED, "cannot be set to run on");
    (void)vpi_snd.pcm_sw_params_set_tstamp_mode(pcm->pcm, software, SND_PCM_TSTAMP_ENABLE);
    (void)vpi_snd.pcm_sw_params_set_tstamp_type(pcm->pcm, software, SND_PCM_TSTAMP_TYPE_MONOTONIC);
    const int error = vpi_snd.pcm_sw_params(pcm->pcm, software);
    VPI_ENSURE(error == 0, VPRIV_E_IO, "cannot be set up: %s", vpi_snd.strerror(error));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status open_checked(
    snd_config_t *all, const vpi_alsa_request *request, vpi_alsa_pcm *pcm)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(check_named(all, "pcm", request->name, request->allow_non_card, 0));
    const int error = vpi_snd.pcm_open_lconf(&pcm->pcm, request->name, SND_PCM_STREAM_CAPTURE,
        SND_PCM_NONBLOCK | SND_PCM_NO_AUTO_RESAMPLE | SND_PCM_NO_AUTO_CHANNELS |
            SND_PCM_NO_AUTO_FORMAT,
        all);
    VPI_ENSURE(error == 0, error == -ENOENT || error == -ENODEV ? VPRIV_E_NOT_FOUND : VPRIV_E_IO,
        "%s", message[0] ? message : vpi_snd.strerror(error));
    VPI_TRY(identify(pcm->pcm, request->allow_non_card, pcm->card));
    VPI_TRY(set_hardware(request, pcm));
    VPI_TRY(set_software(pcm));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_alsa_pcm_open(const vpi_alsa_request *request, vpi_alsa_pcm *pcm_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_alsa_pcm pcm = {0};
    snd_config_t *all = NULL;
    snd_config_update_t *files = NULL;
    st = vpi_snd_load();
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    vpi_alsa_messages_begin();
    /* What was checked is what is opened: a copy that nobody else changes. */
    const int error = vpi_snd.config_update_r(&all, &files, NULL);
    VPI_ENSURE(error >= 0 && all, VPRIV_E_IO, "ALSA's configuration cannot be read: %s",
        message[0] ? message : vpi_snd.strerror(error));
    VPI_TRY(open_checked(all, request, &pcm));
    *pcm_out = pcm;
    pcm.pcm = NULL;
    st = VPRIV_OK;
out:
    vpi_alsa_pcm_close(&pcm);
    if (files)
        vpi_snd.config_update_free(files);
    if (all)
        vpi_snd.config_delete(all);
    vpi_alsa_messages_end();
    return st;
}

void vpi_alsa_pcm_close(vpi_alsa_pcm *pcm)
{
    if (pcm->pcm)
        vpi_snd.pcm_close(pcm->pcm);
    pcm->pcm = NULL;
}
