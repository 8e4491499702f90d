/* Sound that is found again: noise from a seed, quiet, in which no sixteen samples that follow each other
 * come twice. All are multiples of 64, so that the steps from one to the next are told behind a filter for
 * DC as well. Whoever knows the number of a piece can make any of its samples; nobody has to keep one. */
#ifndef TESTS_FAULT_PLANTS_H
#define TESTS_FAULT_PLANTS_H

#include <stddef.h>
#include <stdint.h>

#define PLANT_FRAMES 24000u /* half a second at 48 kHz */
#define PLANT_LONG_FRAMES                                                                          \
    (21u * 16000u) /* at 16 kHz: long enough to be encoded on several threads */
#define PLANT_LONG   8
#define PLANT_LEAKED 9
#define PLANT_MARKER 10
#define N_PLANTS     12
#define PLANT_RUN    16 /* samples that make a finding */
#define PLANT_STEP   64

static inline size_t plant_frames(uint32_t piece)
{
    return piece == PLANT_LONG ? PLANT_LONG_FRAMES : PLANT_FRAMES;
}

static inline int16_t plant_sample(uint32_t piece, size_t at)
{
    uint64_t x = ((uint64_t)piece << 32 | at) + UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (int16_t)(((int)(x >> 57) - 64) * PLANT_STEP);
}

#endif
