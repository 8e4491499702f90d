/* Resamplers behind one face, and what their filters do to a signal. */
#ifndef BENCH_RESAMPLERS_H
#define BENCH_RESAMPLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct resampler {
    const char *name;
    bool is_installed; /* its library was there when this program was built */
    const void *setting;
    void *(*open)(const void *setting, uint32_t in_hz, uint32_t out_hz);
    /* Takes all n_in frames; gives how many came out. Mono. */
    size_t (*process)(void *handle, const float *in, size_t n_in, float *out, size_t capacity);
    void (*close)(void *handle);
} resampler;

#define SPEEX_QUALITY_MAX 10
extern const resampler resampler_ours;
extern const resampler resampler_soxr_hq; /* 32-bit float, one thread */
extern const resampler resampler_soxr_mq;
extern const resampler resampler_speex[SPEEX_QUALITY_MAX + 1];

typedef struct response {
    double ripple_db;  /* largest deviation of a tone up to 0.85 of the lower Nyquist frequency */
    double stop_db;    /* the strongest that comes out at frequencies that did not go in, with tones
                          up to the edge, and down-sampling from the Nyquist frequency of the output */
    double beyond_db;  /* the same, with tones from 1.2 times that frequency on */
    double latency_ms; /* from an impulse going in, frame by frame, to its peak coming out */
} response;

void resampler_measure(
    const resampler *which, uint32_t in_hz, uint32_t out_hz, response *response_out);

#endif
