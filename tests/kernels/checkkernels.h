/* What the checks share: seeded noise, inputs that end at a forbidden page, outputs between
 * poisoned margins, and one way to fail. */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include "frames/dispatch.h"

typedef struct check {
    const char *level;    /* being checked */
    const vpi_kernels *k; /* that level */
    const vpi_kernels *c; /* plain C */
    const char *kernel;   /* its name, for failures */
    size_t length;        /* of this case */
} check;

uint64_t check_random(void);
uint32_t check_below(uint32_t limit);
/* One of several tempers: noise, full scale, zeros, few, loud and quiet. */
void check_noise_bytes(uint8_t *bytes, size_t n_bytes);
void check_noise_floats(float *floats, size_t n_floats);

/* n_bytes that end right before a page nobody may read; the last call's are gone. Two areas. */
void *check_input(int area, size_t n_bytes);
/* n floats at one of four misalignments, poison around and in them. Two areas. */
float *check_output(int area, size_t n_floats);
/* The poison around is as it was. */
void check_margins(const check *at, int area);

/* Print what is wrong, the seed and the line to run again; give up. */
_Noreturn void check_fail(const check *at, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Same bits, or fail. */
void check_same(const check *at, const float *got, const float *wanted, size_t n, const char *by);
void check_near(const check *at, size_t i, double got, double wanted, double tolerance);

void check_convert(check *at);
void check_mix(check *at);
void check_polyphase(check *at);
void check_high_pass(check *at);
void check_level(check *at);
void check_band_energies(check *at);

void bench_level(const vpi_kernels *k, const char *level);
void bench_frontend(void);

#endif
