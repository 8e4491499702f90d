#include "fixed_random.h"
#include "base/bytes.h"
#include "base/random.h"
#include <sodium.h>
#include <string.h>

static uint8_t stream[FIXED_RANDOM_NAME_BYTES];
static uint64_t n_drawn;

static void draw(void *bytes_out, size_t n_bytes)
{
    uint8_t seed[randombytes_SEEDBYTES] = {0};
    memcpy(seed, stream, sizeof stream);
    vpi_writer w = vpi_writer_of(seed + sizeof stream, 8);
    vpi_put_u64(&w, n_drawn++);
    randombytes_buf_deterministic(bytes_out, n_bytes, seed);
}

static const char *fixed_name(void)
{
    return "fixed";
}

static uint32_t fixed_random(void)
{
    uint32_t number;
    draw(&number, sizeof number);
    return number;
}

static void fixed_buf(void *const bytes_out, const size_t n_bytes)
{
    draw(bytes_out, n_bytes);
}

static randombytes_implementation fixed = {
    .implementation_name = fixed_name, .random = fixed_random, .buf = fixed_buf};

void fixed_random_start(const void *name, size_t n_bytes)
{
    memset(stream, 0, sizeof stream);
    memcpy(stream, name, n_bytes < sizeof stream ? n_bytes : sizeof stream);
    n_drawn = 0;
    randombytes_set_implementation(&fixed);
    vpi_random_replace(draw);
}
