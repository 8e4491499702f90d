#include "live.h"

household h;
vpriv_source *source;
vpriv_recorder *recorder;

static int16_t tone[RATE * 10];

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_tone(tone, RATE * 10, 440, 0.4);
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, RATE, 1};
    ck_ok(vpriv_capture_push_open(&format, VPRIV_PUSH_BUFFER_MAX_MS, &source));
}

void tear_down(void)
{
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    recorder = NULL;
    household_close(&h);
}

void start(uint32_t unsealed_ms, uint32_t confirm_ms)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.unsealed_ms = unsealed_ms;
    config.confirm_ms = confirm_ms;
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_start(recorder));
}

void push_ms(size_t ms)
{
    size_t n_taken = 0;
    ck_ok(vpriv_capture_push_write(source, tone, ms * RATE / 1000, &n_taken));
    ck_assert_uint_eq(n_taken, ms * RATE / 1000);
}

void wait_until_read(void)
{
    const size_t all = (size_t)RATE * VPRIV_PUSH_BUFFER_MAX_MS / 1000;
    (void)waited_until_read(source, all);
    nap(10);
}

int64_t blocks_on_disk(void)
{
    return household_count(&h, "SELECT count(*) FROM block");
}
