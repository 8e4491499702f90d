#include "recorder/quiet.h"
#include "base/memory.h"
#include "base/try.h"
#include "frames/voice.h"
#include <string.h>

#define FADE_MS 10

struct vpi_quiet {
    vpi_voice *voice;
    uint32_t n_channels;
    uint32_t packet_us;
    size_t packet_frames;
    size_t lookahead_frames;
    size_t n_late;   /* packets held */
    size_t n_places; /* one for the next packet, one for the one given last */
    size_t oldest;
    size_t n_held;
    uint64_t n_heard; /* frames of the recording the detector knows of */
    uint64_t at;      /* where the oldest packet begins */
    float gain, gain_step;
    size_t n_to_flush;  /* zeros the encoder still has to get before it may rest */
    uint64_t *lost_48k; /* of each place */
    float *packets;     /* guarded */
};

static size_t packet_samples(const vpi_quiet *quiet)
{
    return quiet->packet_frames * quiet->n_channels;
}

static float *place(const vpi_quiet *quiet, size_t nth)
{
    return quiet->packets + (quiet->oldest + nth) % quiet->n_places * packet_samples(quiet);
}

vpriv_status vpi_quiet_create(const vpriv_encoding *encoding, size_t packet_frames,
    size_t lookahead_frames, vpi_quiet **quiet_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_quiet *quiet = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *quiet, (void **)&quiet));
    quiet->n_channels = encoding->n_channels;
    quiet->packet_us = encoding->packet_us;
    quiet->packet_frames = packet_frames;
    quiet->lookahead_frames = lookahead_frames;
    quiet->n_late = (VPI_VOICE_PRE_ROLL_MS * 1000 + encoding->packet_us - 1) / encoding->packet_us;
    quiet->n_places = quiet->n_late + 2;
    quiet->gain_step = 1.0F / (float)(encoding->rate_hz * FADE_MS / 1000);
    VPI_TRY(vpi_alloc(quiet->n_places, sizeof *quiet->lost_48k, (void **)&quiet->lost_48k));
    VPI_TRY(vpi_secret_alloc(
        quiet->n_places * packet_samples(quiet) * sizeof(float), (void **)&quiet->packets));
    VPI_TRY(vpi_voice_create(encoding->rate_hz, encoding->n_channels, &quiet->voice));
    quiet->gain = 1.0F;
    quiet->n_to_flush = quiet->lookahead_frames;
    *quiet_out = quiet;
    quiet = NULL;
    st = VPRIV_OK;
out:
    vpi_quiet_destroy(quiet);
    return st;
}

void vpi_quiet_destroy(vpi_quiet *quiet)
{
    if (!quiet)
        return;
    vpi_voice_destroy(quiet->voice);
    vpi_secret_free(quiet->packets);
    free(quiet->lost_48k);
    free(quiet);
}

void vpi_quiet_hear(vpi_quiet *quiet, const float *frames, size_t n_frames)
{
    vpi_voice_hear(quiet->voice, frames, n_frames);
    quiet->n_heard += n_frames;
}

void vpi_quiet_lose(vpi_quiet *quiet, size_t n_frames, uint64_t lost_48k)
{
    vpi_voice_skip(quiet->voice, n_frames);
    quiet->n_heard += n_frames;
    quiet->lost_48k[(quiet->oldest + quiet->n_held) % quiet->n_places] += lost_48k;
}

void vpi_quiet_put(vpi_quiet *quiet, const float *packet)
{
    VPI_IMPOSSIBLE_UNLESS(quiet->n_held <= quiet->n_late);
    memcpy(place(quiet, quiet->n_held), packet, packet_samples(quiet) * sizeof *packet);
    quiet->n_held++;
}

void vpi_quiet_resume(vpi_quiet *quiet, uint64_t position_frames)
{
    VPI_IMPOSSIBLE_UNLESS(quiet->n_held == 0 && position_frames >= quiet->n_heard);
    vpi_voice_skip(quiet->voice, position_frames - quiet->n_heard);
    quiet->n_heard = quiet->at = position_frames;
    quiet->gain = 1.0F;
    quiet->n_to_flush = quiet->lookahead_frames;
}

/* Towards sound or silence, frame by frame; counts the zeros the encoder gets. */
static void fade(vpi_quiet *quiet, float *frames, bool is_kept)
{
    for (size_t i = 0; i < quiet->packet_frames; i++) {
        if (is_kept)
            quiet->gain =
                quiet->gain < 1.0F - quiet->gain_step ? quiet->gain + quiet->gain_step : 1.0F;
        else
            quiet->gain = quiet->gain > quiet->gain_step ? quiet->gain - quiet->gain_step : 0.0F;
        for (size_t c = 0; c < quiet->n_channels; c++)
            frames[i * quiet->n_channels + c] *= quiet->gain;
        if (quiet->gain > 0.0F)
            quiet->n_to_flush = quiet->lookahead_frames;
        else if (quiet->n_to_flush > 0)
            quiet->n_to_flush--;
    }
}

bool vpi_quiet_take(vpi_quiet *quiet, bool all, vpi_quiet_packet *packet_out)
{
    /* The packet given last is done with. */
    vpi_wipe(place(quiet, quiet->n_places - 1), packet_samples(quiet) * sizeof(float));
    if (quiet->n_held == 0 || (quiet->n_held <= quiet->n_late && !all))
        return false;
    float *const frames = place(quiet, 0);
    const bool is_kept = vpi_voice_keep_until(quiet->voice) > quiet->at;
    const bool is_resting = quiet->gain <= 0.0F && quiet->n_to_flush == 0;
    packet_out->lost_48k = quiet->lost_48k[quiet->oldest];
    packet_out->frames = is_kept || !is_resting ? frames : NULL;
    if (packet_out->frames && (!is_kept || quiet->gain < 1.0F))
        fade(quiet, frames, is_kept);
    quiet->lost_48k[quiet->oldest] = 0;
    quiet->oldest = (quiet->oldest + 1) % quiet->n_places;
    quiet->n_held--;
    quiet->at += quiet->packet_frames;
    return true;
}

size_t vpi_quiet_n_held(const vpi_quiet *quiet)
{
    return quiet->n_held;
}

uint64_t vpi_quiet_silent_frames(const vpi_quiet *quiet)
{
    return vpi_voice_silent_frames(quiet->voice);
}

uint32_t vpi_quiet_holds_us(const vpi_quiet *quiet)
{
    return (uint32_t)quiet->n_late * quiet->packet_us;
}
