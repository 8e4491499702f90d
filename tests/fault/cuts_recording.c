/* A recording is kept as far as it was sealed, and not at all before it is confirmed. */
#include "cuts.h"
#include "vault/sealer.h"
#include <unistd.h>

#define BLOCK_PACKETS 10
#define BLOCK_FRAMES  (BLOCK_PACKETS * LIFE_RATE_HZ / 50)

/* Ten packets of 20 ms that decode to next to nothing. */
static void fill_block(uint8_t plain_out[VPI_BLOCK_PLAIN_BYTES], uint64_t start_48k)
{
    static vpi_block_builder builder;
    const uint8_t packet[] = {0x48, 0x80, 0x12, 0x34};
    vpi_block_clear(&builder, start_48k);
    for (int i = 0; i < BLOCK_PACKETS; i++)
        ck_assert(vpi_block_add_packet(&builder, packet, sizeof packet));
    vpi_block_finish(&builder, plain_out);
}

static vpi_sealer_request request_of(const struct bench *bench)
{
    vpi_sealer_request request = {.required = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    request.tag.n_subjects = 1;
    request.tag.all_identified = VPRIV_FACT_YES;
    memcpy(request.tag.subjects[0], bench->life.ada, VPI_SUBJECT_ID_BYTES);
    request.tag.trigger = VPRIV_TRIGGER_BUTTON;
    request.tag.retention = VPRIV_RETENTION_90_DAYS;
    request.tag.rate_hz = LIFE_RATE_HZ;
    request.tag.n_channels = 1;
    request.tag.started_us = bench->life.clock_us;
    return request;
}

static vpriv_status seal(struct bench *bench, vpriv_vault *vault)
{
    static uint8_t plain[2 * VPI_BLOCK_PLAIN_BYTES];
    const uint64_t block_48k = BLOCK_FRAMES * UINT64_C(48000) / LIFE_RATE_HZ;
    const vpi_sealer_request request = request_of(bench);
    vpi_sealer *sealer = NULL;
    vpriv_status st = vpi_sealer_create(vault, &request, &sealer);
    fill_block(plain, 0);
    if (st == VPRIV_OK)
        st = vpi_sealer_write(sealer, plain, 1);
    if (st == VPRIV_OK)
        st = vpi_sealer_commit(sealer);
    if (st == VPRIV_OK) {
        bench->confirmed = true;
        bench->acknowledged_frames = BLOCK_FRAMES;
        fill_block(plain, block_48k);
        fill_block(plain + VPI_BLOCK_PLAIN_BYTES, 2 * block_48k);
        st = vpi_sealer_write(sealer, plain, 2);
    }
    if (st == VPRIV_OK) {
        bench->acknowledged_frames = 3 * BLOCK_FRAMES;
        fill_block(plain, 3 * block_48k);
        st = vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 4 * block_48k);
    }
    if (st == VPRIV_OK) {
        bench->acknowledged_frames = 4 * BLOCK_FRAMES;
        bench->finished = true;
    }
    vpi_sealer_destroy(sealer);
    return st;
}

static vpriv_status seal_with_root(struct bench *bench)
{
    return seal(bench, bench->life.vault);
}

static vpriv_status seal_for_capture(struct bench *bench)
{
    vpriv_vault *capture = NULL;
    vpriv_status st =
        vpriv_vault_open_for_capture(bench->life.path, bench->credential, NULL, &capture);
    if (st == VPRIV_OK)
        st = seal(bench, capture);
    vpriv_vault_close(capture);
    return st;
}

struct newest {
    size_t n;
    vpriv_recording_info info;
};

static bool keep_newest(void *user, const vpriv_recording_info *info)
{
    struct newest *newest = user;
    newest->n++;
    newest->info = *info;
    return true;
}

static void check_recording(void *user, const struct cutvfs_trial *trial)
{
    struct bench *bench = user;
    struct newest newest = {.n = 0};
    bench->n_trials++;
    cuts_open_again(bench, trial);
    ck_ok(vpriv_recording_list(bench->life.vault, NULL, keep_newest, &newest));
    const bool is_there = newest.n == bench->n_recordings + 1;
    ck_assert_msg(is_there || newest.n == bench->n_recordings, "%s: %zu recordings",
        cuts_name(bench, trial), newest.n);
    ck_assert_msg(is_there || !bench->confirmed, "%s: a confirmed recording is gone",
        cuts_name(bench, trial));
    char *text = life_picture_of_recordings(&bench->life);
    ck_assert_msg(strncmp(text, bench->before, strlen(bench->before)) == 0, "%s: %s",
        cuts_name(bench, trial), life_difference(bench->before, text));
    free(text);
    if (is_there) {
        const struct life_sound sound =
            life_listen(&bench->life, &newest.info.id, VPRIV_PURPOSE_KEEP_HISTORY);
        ck_assert_msg(sound.status == VPRIV_OK, "%s: the recording does not open: %s",
            cuts_name(bench, trial), vpriv_status_text(sound.status));
        ck_assert_msg(sound.n_frames >= bench->acknowledged_frames, "%s: %llu frames of %llu",
            cuts_name(bench, trial), (unsigned long long)sound.n_frames,
            (unsigned long long)bench->acknowledged_frames);
        ck_assert_msg(
            !bench->finished || !sound.is_unfinished, "%s: not finished", cuts_name(bench, trial));
    }
    ck_assert_msg(life_strays(&bench->life) == 0, "%s: unconfirmed sound", cuts_name(bench, trial));
    ck_assert(life_database_is_sound(&bench->life));
    life_goes_on(&bench->life);
    life_close(&bench->life);
}

static void cut_recording(const struct workload *workload)
{
    struct bench *bench = calloc(1, sizeof *bench);
    cuts_set_up(bench, workload);
    cuts_put_back(bench);
    ck_ok(life_open(&bench->life));
    bench->before = life_picture_of_recordings(&bench->life);
    life_close(&bench->life);
    cuts_everywhere(bench, check_recording, 30);
    cuts_tear_down(bench);
    free(bench);
}

/* Through a recorder with its thread: 120 ms before the trigger, some after it. */
static vpriv_status record_live(struct bench *bench)
{
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_WAKE_WORD};
    const vpriv_recorder_config config = life_recorder_config(bench->life.ada);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_source *source = life_source(400, 800, false);
    vpriv_recorder *recorder = NULL;
    ck_ok(vpriv_recorder_open(bench->life.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_start(recorder));
    vpriv_status st = vpriv_recorder_trigger(recorder, &trigger);
    if (st == VPRIV_OK)
        st = vpriv_recorder_confirm(recorder);
    bench->confirmed = st == VPRIV_OK;
    for (int i = 0; i < 20 && vpriv_capture_push_space(source) < 500 * LIFE_RATE_HZ / 1000; i++)
        usleep(1000);
    const vpriv_status stopped = vpriv_recorder_stop(recorder, &outcome);
    if (st == VPRIV_OK && stopped == VPRIV_OK && outcome.status == VPRIV_OK && outcome.is_stored) {
        bench->finished = true;
        bench->acknowledged_frames = outcome.n_frames_48k * LIFE_RATE_HZ / 48000;
    }
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    return st;
}

static const struct workload recording_workloads[] = {
    {"record, block by block", NULL, seal_with_root, 2, 0, 0, 0},
    {"record without the root", NULL, seal_for_capture, 2, 0, 0, 0},
    {"record live", NULL, record_live, 3, 0, 0, 0},
};
#define N_RECORDING (sizeof recording_workloads / sizeof recording_workloads[0])

START_TEST(a_recording_is_kept_as_far_as_it_was_sealed)
{
    cut_recording(&recording_workloads[_i]);
}
END_TEST

/* A trigger that is rejected: nothing of it, whenever the power fails. */
static vpriv_status trigger_and_reject(struct bench *bench)
{
    static uint8_t plain[2 * VPI_BLOCK_PLAIN_BYTES];
    const vpi_sealer_request request = request_of(bench);
    vpi_sealer *sealer = NULL;
    bool closed = false;
    vpriv_status st = vpi_sealer_create(bench->life.vault, &request, &sealer);
    fill_block(plain, 0);
    fill_block(plain + VPI_BLOCK_PLAIN_BYTES, 0);
    if (st == VPRIV_OK)
        st = vpi_sealer_write(sealer, plain, 2);
    if (st == VPRIV_OK)
        st = vpi_sealer_write(sealer, plain, 1);
    if (st == VPRIV_OK)
        st = vpi_sealer_reject(sealer, 6, &closed);
    vpi_sealer_destroy(sealer);
    return st;
}

START_TEST(s18_an_unconfirmed_trigger_leaves_nothing_at_any_cut)
{
    static const struct workload workload = {
        "trigger and reject", NULL, trigger_and_reject, 4, 0, 0, 0};
    struct bench *bench = calloc(1, sizeof *bench);
    cuts_set_up(bench, &workload);
    cuts_put_back(bench);
    bench->before = cuts_look(bench);
    bench->after = strdup(bench->before);
    cuts_everywhere(bench, cuts_check_two_states, 15);
    cuts_tear_down(bench);
    free(bench);
}
END_TEST

void cuts_add_recording(TCase *tests)
{
    tcase_add_loop_test(tests, a_recording_is_kept_as_far_as_it_was_sealed, 0, N_RECORDING);
    tcase_add_test(tests, s18_an_unconfirmed_trigger_leaves_nothing_at_any_cut);
}
