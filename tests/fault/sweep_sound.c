/* Sound on its way in and out. */
#include "fault/sweep.h"
#include <stdio.h>
#include <time.h>

#define KEEP VPRIV_PURPOSE_KEEP_HISTORY

static const vpriv_trigger button = {.struct_size = sizeof button, .kind = VPRIV_TRIGGER_BUTTON};

static void have_source(struct sweep *s)
{
    s->source = life_source(200, 440, true);
    memset(&s->outcome, 0, sizeof s->outcome);
    s->outcome.struct_size = sizeof s->outcome;
}

static vpriv_status record(struct sweep *s)
{
    const vpriv_recorder_config config = life_recorder_config(s->life.ada);
    vpriv_status st = vpriv_recorder_open(s->life.vault, s->source, &config, &s->recorder);
    return st == VPRIV_OK ? vpriv_recorder_run(s->recorder, &button, &s->outcome) : st;
}

static void have_microphone(struct sweep *s)
{
    have_source(s);
    vpriv_capture_close(s->source);
    s->source = life_source(200, 440, false);
}

static void rest(void)
{
    const struct timespec moment = {0, 500000};
    nanosleep(&moment, NULL);
}

/* As an application does it: start, trigger, confirm or reject, stop. */
static vpriv_status live(struct sweep *s, bool confirms)
{
    const vpriv_recorder_config config = life_recorder_config(s->life.ada);
    vpriv_status st = vpriv_recorder_open(s->life.vault, s->source, &config, &s->recorder);
    if (st == VPRIV_OK && s->hub)
        st = vpriv_hub_start(s->hub, s->recorder);
    else if (st == VPRIV_OK)
        st = vpriv_recorder_start(s->recorder);
    if (st == VPRIV_OK)
        st = vpriv_recorder_trigger(s->recorder, &button);
    if (st == VPRIV_OK)
        st = confirms ? vpriv_recorder_confirm(s->recorder) : vpriv_recorder_reject(s->recorder);
    for (int i = 0; st == VPRIV_OK && confirms && i < 2000 &&
                    vpriv_recorder_state_now(s->recorder) != VPRIV_RECORDER_ENDED &&
                    vpriv_capture_push_space(s->source) < 300 * LIFE_RATE_HZ / 1000;
         i++)
        rest(); /* until it is taken */
    if (s->recorder) {
        char detail[sizeof s->detail];
        snprintf(detail, sizeof detail, "%s", vpriv_error_detail());
        const vpriv_status stopped = vpriv_recorder_stop(s->recorder, &s->outcome);
        if (st == VPRIV_OK || (st == VPRIV_E_STATE && s->outcome.status != VPRIV_OK))
            st = stopped != VPRIV_OK ? stopped : s->outcome.status;
        else
            memcpy(s->detail, detail, sizeof detail);
        if (stopped == VPRIV_OK && st == s->outcome.status)
            memcpy(s->detail, s->outcome.detail, sizeof s->detail);
    }
    return st;
}

static vpriv_status record_live(struct sweep *s)
{
    return live(s, true);
}

static vpriv_status reject(struct sweep *s)
{
    return live(s, false);
}

static vpriv_status record_in_hub(struct sweep *s)
{
    const vpriv_status st = vpriv_hub_open(s->life.vault, NULL, &s->hub);
    return st == VPRIV_OK ? live(s, true) : st;
}

/* A capture process recorded; whoever opens the vault with its root adopts it. */
static void be_recorded_elsewhere(struct sweep *s)
{
    vpriv_vault_options options = {.struct_size = sizeof options};
    vpriv_outcome outcome;
    ck_ok(vpriv_vault_capture_credential(s->life.vault, &s->keyring));
    ck_ok(vpriv_vault_open_for_capture(s->life.path, s->keyring, &options, &s->vault));
    ck_ok(life_record_into(&s->life, s->vault, s->life.ada, 60, 600, &outcome));
    ck_assert(outcome.is_stored);
    sweep_finish(s);
}

static vpriv_status open_vault(struct sweep *s)
{
    return life_open(&s->life);
}

static void have_credential(struct sweep *s)
{
    ck_ok(life_open(&s->life));
    ck_ok(vpriv_vault_capture_credential(s->life.vault, &s->keyring));
    life_close(&s->life);
}

static vpriv_status open_for_capture(struct sweep *s)
{
    const vpriv_vault_options options = {.struct_size = sizeof options};
    return vpriv_vault_open_for_capture(s->life.path, s->keyring, &options, &s->vault);
}

static void capture_open(struct sweep *s)
{
    have_credential(s);
    ck_ok(open_for_capture(s));
    have_source(s);
}

static vpriv_status capture_record(struct sweep *s)
{
    const vpriv_recorder_config config = life_recorder_config(s->life.ada);
    vpriv_status st = vpriv_recorder_open(s->vault, s->source, &config, &s->recorder);
    return st == VPRIV_OK ? vpriv_recorder_run(s->recorder, &button, &s->outcome) : st;
}

static vpriv_status credential(struct sweep *s)
{
    return vpriv_vault_capture_credential(s->life.vault, &s->keyring);
}

static vpriv_status gate_open(struct sweep *s)
{
    const vpriv_gate_request request = sweep_request(KEEP);
    s->n_out = 0;
    return vpriv_gate_open(s->life.vault, s->life.owner, &s->recordings[0], &request, &s->reader);
}

static vpriv_status hear(struct sweep *s)
{
    static float pcm[480];
    size_t n = 1;
    vpriv_status st = gate_open(s);
    while (st == VPRIV_OK && n > 0) {
        st = vpriv_gate_read_frames(s->reader, pcm, 480, &n);
        s->n_out += n;
    }
    return st;
}

static vpriv_status export_opus(struct sweep *s)
{
    const vpriv_status st = gate_open(s);
    return st == VPRIV_OK ? vpriv_gate_export_opus(s->reader, sweep_take, s) : st;
}

static vpriv_status export_wav(struct sweep *s)
{
    const vpriv_status st = gate_open(s);
    return st == VPRIV_OK ? vpriv_gate_export_wav(s->reader, sweep_take, s) : st;
}

static bool look(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    (void)entry;
    ++*(size_t *)user;
    return true;
}

static void be_heard(struct sweep *s)
{
    ck_ok(hear(s));
    sweep_finish(s);
}

static vpriv_status who_heard(struct sweep *s)
{
    return vpriv_gate_who_heard(s->life.vault, &s->recordings[0], look, &s->n_out);
}

/* Long enough for several threads. */
#define LONG_MS 20500

static void have_long_file(struct sweep *s)
{
    const uint32_t n_bytes = 2 * LONG_MS / 1000 * LIFE_RATE_HZ;
    const uint32_t head[11] = {0x46464952, 36 + n_bytes, 0x45564157, 0x20746d66, 16, 0x00010001,
        LIFE_RATE_HZ, 2 * LIFE_RATE_HZ, 0x00100002, 0x61746164, n_bytes};
    FILE *file = fopen(sweep_beside(s, "long.wav"), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(head, sizeof head, 1, file), 1);
    for (uint32_t i = 0; i < n_bytes / 2; i++) {
        const int16_t sample = (int16_t)(i * i % 4001);
        ck_assert_uint_eq(fwrite(&sample, sizeof sample, 1, file), 1);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static vpriv_status open_long(struct sweep *s)
{
    return vpriv_capture_file_open(sweep_beside(s, "long.wav"), &s->source);
}

static void long_open(struct sweep *s)
{
    ck_ok(open_long(s));
    memset(&s->outcome, 0, sizeof s->outcome);
    s->outcome.struct_size = sizeof s->outcome;
}

static vpriv_status import_long(struct sweep *s)
{
    vpriv_recorder_config config = life_recorder_config(s->life.ada);
    config.n_threads = 2;
    config.encoding.bitrate_bps = 12000;
    vpriv_status st = vpriv_recorder_open(s->life.vault, s->source, &config, &s->recorder);
    return st == VPRIV_OK ? vpriv_recorder_run(s->recorder, &button, &s->outcome) : st;
}

static void blank_outcome(struct sweep *s)
{
    memset(&s->outcome, 0, sizeof s->outcome);
    s->outcome.struct_size = sizeof s->outcome;
}

static void have_opus_file(struct sweep *s)
{
    ck_ok(export_opus(s));
    FILE *file = fopen(sweep_beside(s, "sound.opus"), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(s->out, s->n_out, 1, file), 1);
    ck_assert_int_eq(fclose(file), 0);
    sweep_finish(s);
}

static vpriv_status import_opus(struct sweep *s)
{
    const vpriv_recorder_config config = life_recorder_config(s->life.ada);
    return vpriv_recorder_import_opus(
        s->life.vault, sweep_beside(s, "sound.opus"), &config, &s->outcome);
}

#define RECORDS (SWEEP_STEPS | SWEEP_AGAIN)

const struct operation sweep_sound[] = {
    {"record", NULL, have_source, record, RECORDS},
    {"record live", NULL, have_microphone, record_live, RECORDS | SWEEP_THREADS},
    {"record in a hub", NULL, have_microphone, record_in_hub, RECORDS | SWEEP_THREADS},
    {"reject", NULL, have_microphone, reject, RECORDS | SWEEP_THREADS},
    {"capture credential", NULL, NULL, credential, 0},
    {"open for capture", NULL, have_credential, open_for_capture, SWEEP_SHUT},
    {"record for another", NULL, capture_open, capture_record, RECORDS | SWEEP_SHUT},
    {"adopt", be_recorded_elsewhere, NULL, open_vault, SWEEP_SHUT | SWEEP_STEPS},
    {"gate open", NULL, NULL, gate_open, SWEEP_AGAIN},
    {"gate read", NULL, NULL, hear, SWEEP_AGAIN},
    {"export opus", NULL, NULL, export_opus, SWEEP_AGAIN},
    {"export wav", NULL, NULL, export_wav, SWEEP_AGAIN},
    {"who heard", be_heard, NULL, who_heard, 0},
    {"import opus", have_opus_file, blank_outcome, import_opus, RECORDS},
    {"sound file open", have_long_file, NULL, open_long, SWEEP_SHUT | SWEEP_FRAGILE},
    {"import long", have_long_file, long_open, import_long, RECORDS | SWEEP_THREADS},
};
const size_t n_sweep_sound = sizeof sweep_sound / sizeof sweep_sound[0];
