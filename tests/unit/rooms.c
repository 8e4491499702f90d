#include "rooms.h"

household h;
vpriv_hub *hub;
room rooms[64];

static float *speech;
static size_t n_speech;

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.bob, KEEP);
    const vpriv_hub_config config = {.struct_size = sizeof config, .tick_ms = TICK_MS};
    ck_ok(vpriv_hub_open(h.vault, &config, &hub));
    speech = household_speech(&n_speech);
}

vpriv_recorder_config config_of(size_t i)
{
    vpriv_recorder_config config = household_config(i % 4 == 3 ? h.bob : h.ada, 1);
    config.confirm_ms = 30000;
    return config;
}

void open_room(size_t i, const vpriv_recorder_config *config)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_F32, 48000, 1};
    rooms[i].n_pushed = 0;
    ck_ok(vpriv_capture_push_open(&format, 2000, &rooms[i].source));
    ck_ok(vpriv_recorder_open(h.vault, rooms[i].source, config, &rooms[i].recorder));
}

void close_room(size_t i)
{
    vpriv_recorder_close(rooms[i].recorder);
    vpriv_capture_close(rooms[i].source);
    rooms[i] = (room){.n_pushed = 0};
}

void tear_down(void)
{
    vpriv_hub_close(hub);
    hub = NULL;
    for (size_t i = 0; i < 64; i++)
        close_room(i);
    free(speech);
    household_close(&h);
}

void open_rooms(size_t n, uint32_t unsealed_ms)
{
    for (size_t i = 0; i < n; i++) {
        vpriv_recorder_config config = config_of(i);
        config.unsealed_ms = unsealed_ms;
        open_room(i, &config);
        ck_ok(vpriv_hub_start(hub, rooms[i].recorder));
    }
}

void push_ms(size_t i, size_t ms)
{
    for (size_t k = 0; k < ms; k += 10) {
        float frames[480];
        size_t n_taken = 0;
        for (size_t j = 0; j < 480; j++)
            frames[j] = speech[(rooms[i].n_pushed + j + 3001 * i) % n_speech];
        ck_ok(vpriv_capture_push_write(rooms[i].source, frames, 480, &n_taken));
        ck_assert_uint_eq(n_taken, 480);
        rooms[i].n_pushed += 480;
    }
}

void push_all_ms(size_t n, size_t ms)
{
    for (size_t i = 0; i < n; i++)
        if (vpriv_recorder_state_now(rooms[i].recorder) != VPRIV_RECORDER_ENDED)
            push_ms(i, ms);
}

void wait_until_read(size_t i)
{
    (void)waited_until_read(rooms[i].source, 96000);
    ck_assert_uint_eq(vpriv_capture_push_space(rooms[i].source), 96000);
}

void wait_for(size_t i, vpriv_recorder_state state)
{
    (void)waited_for(rooms[i].recorder, state);
    ck_assert_int_eq(vpriv_recorder_state_now(rooms[i].recorder), state);
}

void keep(size_t i)
{
    ck_ok(vpriv_recorder_trigger(rooms[i].recorder, &household_button));
    ck_ok(vpriv_recorder_confirm(rooms[i].recorder));
}

vpriv_outcome stop(size_t i)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    ck_ok(vpriv_recorder_stop(rooms[i].recorder, &outcome));
    ck_assert_int_eq(vpriv_recorder_state_now(rooms[i].recorder), VPRIV_RECORDER_IDLE);
    return outcome;
}

int64_t blocks_on_disk(void)
{
    return household_count(&h, "SELECT count(*) FROM block");
}

void ck_kept_whole(size_t i, const vpriv_outcome *outcome)
{
    ck_assert_int_eq(outcome->status, VPRIV_OK);
    ck_assert(outcome->is_stored);
    ck_assert_uint_eq(outcome->n_frames_48k, rooms[i].n_pushed);
    ck_assert_uint_eq(outcome->n_lost_frames_48k, 0);
    ck_ok(household_hear(&h, &outcome->recording, KEEP));
}
