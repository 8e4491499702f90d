#include "base/file.h"
#include "base/memory.h"
#include "base/try.h"
#include "packets/ogg_reader.h"
#include "recorder/recorder.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IDLE_SLEEP_NS     5000000
#define PROGRESS_STEP_48K 4800

static vpriv_status check_outcome(const vpriv_outcome *outcome)
{
    if (outcome && outcome->struct_size != sizeof *outcome)
        return vpi_fail(VPRIV_E_ARG, "vpriv_outcome.struct_size is not set");
    return VPRIV_OK;
}

static bool go_on(void *user)
{
    return vpi_recorder_tell_progress(user, false);
}

/* A source of known length that is long enough is encoded on several threads. What is stored of it
 * counts from its commit at the end: until then sealing waits for full blocks, so that it does not show
 * how fast it went. With the voice gate, which is one pass over the sound, one encoder does it. */
static vpriv_status encode_in_bulk(vpriv_recorder *recorder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_bulk *bulk = NULL;
    const vpriv_recorder_config *config = &recorder->config;
    const vpriv_encoding *encoding = vpi_intake_encoding(recorder->intake);
    const uint32_t n_threads = config->n_threads ? config->n_threads : vpi_bulk_processors();
    const uint64_t of_maximum = (uint64_t)recorder->limits.maximum_ms * encoding->rate_hz / 1000;
    const uint64_t all = vpi_source_total_frames(recorder->source);
    uint64_t n_frames = all / recorder->source->format.rate_hz * encoding->rate_hz;
    if (of_maximum > 0 && of_maximum < n_frames)
        n_frames = of_maximum;
    if (n_threads > 1 && !vpi_intake_is_gated(recorder->intake) &&
        vpi_bulk_is_worth_it(encoding, n_frames))
        VPI_TRY(vpi_bulk_create(encoding, n_threads, recorder->stream, go_on, recorder, &bulk));
    vpi_intake_encode_with(recorder->intake, bulk);
    st = VPRIV_OK;
out:
    return st;
}

/* With the lock held: begin, and read to the end. */
static vpriv_status run(vpriv_recorder *recorder, const vpriv_trigger *trigger)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const struct timespec nap = {0, IDLE_SLEEP_NS};
    VPI_TRY(vpi_recorder_begin(recorder, trigger));
    if (!recorder->commit_at_end) {
        if (recorder->stream)
            VPI_TRY(vpi_stream_commit(recorder->stream));
        vpi_recorder_committed(recorder);
    } else if (recorder->stream) {
        vpi_stream_keep_time(recorder->stream, false);
        VPI_TRY(encode_in_bulk(recorder));
    }
    while (vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED) {
        bool idle = false;
        VPI_TRY(vpi_recorder_step(recorder, &idle));
        if (idle)
            nanosleep(&nap, NULL);
    }
    if (recorder->outcome.status == VPRIV_E_CANCELLED)
        snprintf(recorder->detail, sizeof recorder->detail, "cancelled; nothing was kept");
    st = recorder->outcome.status;
out:
    if (vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED)
        vpi_recorder_end(recorder, VPRIV_END_FAILED, st);
    return st == VPRIV_OK ? st : vpi_fail(st, "%s", recorder->detail);
}

vpriv_status vpriv_recorder_run(
    vpriv_recorder *recorder, const vpriv_trigger *trigger, vpriv_outcome *outcome_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_fail_clear();
    VPI_ENSURE(recorder, VPRIV_E_ARG, "no recorder");
    VPI_TRY(check_outcome(outcome_out));
    VPI_TRY(vpi_recorder_listen(recorder));
    pthread_mutex_lock(&recorder->lock);
    recorder->runs = true;
    recorder->commit_at_end = vpi_source_total_frames(recorder->source) != VPI_FRAMES_UNKNOWN;
    const vpriv_status ran = run(recorder, trigger);
    vpi_recorder_unlisten(recorder);
    vpi_recorder_word(recorder);
    if (outcome_out)
        *outcome_out = recorder->outcome;
    pthread_mutex_unlock(&recorder->lock);
    vpi_wipe_deep_stack();
    VPI_TRY(ran);
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status read_file(
    void *user, void *bytes_out, size_t capacity_bytes, size_t *n_bytes_out)
{
    const int fd = *(int *)user;
    for (;;) {
        const ssize_t n = read(fd, bytes_out, capacity_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vpi_errno_failed(errno, "reading");
        *n_bytes_out = (size_t)n;
        return VPRIV_OK;
    }
}

/* Packets as they are into the stream, or nowhere with "don't save". */
static vpriv_status copy_packets(
    vpi_ogg_reader *reader, vpi_stream *stream, const vpriv_recorder_config *config)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t done_48k = 0, told_48k = 0;
    for (;;) {
        vpi_ogg_item item;
        VPI_TRY(vpi_ogg_reader_next(reader, &item));
        if (stream && item.n_lost_frames48 > 0)
            VPI_TRY(vpi_stream_gap(stream, item.n_lost_frames48, item.n_lost_frames48));
        if (item.n_bytes == 0)
            break;
        if (stream)
            VPI_TRY(vpi_stream_packet(stream, item.packet, item.n_bytes, item.duration_frames48));
        done_48k += item.n_lost_frames48 + item.duration_frames48;
        if (config->progress && done_48k - told_48k >= PROGRESS_STEP_48K) {
            told_48k = done_48k;
            VPI_ENSURE(config->progress(config->progress_user, done_48k * 1000 / 48, 0),
                VPRIV_E_CANCELLED, "cancelled; nothing was kept");
        }
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status open_stream(vpriv_vault *vault, const vpriv_recorder_config *config,
    const vpi_opus_head *head, vpi_stream **stream_out)
{
    vpi_sealer_request request;
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_IMPORT};
    const vpriv_status st = vpi_recorder_request(config, &trigger, &request);
    if (st != VPRIV_OK || config->retention == VPRIV_RETENTION_NONE)
        return st;
    request.tag.rate_hz = 48000;
    request.tag.n_channels = head->n_channels;
    request.tag.pre_skip_48k = head->preskip_frames48;
    return vpi_stream_create(vault, &request, (int64_t)config->unsealed_ms * 1000, stream_out);
}

vpriv_status vpriv_recorder_import_opus(vpriv_vault *vault, const char *path,
    const vpriv_recorder_config *config, vpriv_outcome *outcome_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_recorder_config filled;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpi_ogg_reader *reader = NULL;
    vpi_stream *stream = NULL;
    vpi_reason reason;
    int fd = -1;
    vpi_fail_clear();
    VPI_ENSURE(vault && path && path[0], VPRIV_E_ARG, "a vault and a path are needed");
    VPI_TRY(check_outcome(outcome_out));
    VPI_TRY(vpi_recorder_config_check(config, &filled));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    VPI_ENSURE(
        fd >= 0, errno == ENOENT ? VPRIV_E_NOT_FOUND : VPRIV_E_IO, "%s: cannot be opened", path);
    VPI_TRY(vpi_ogg_reader_open(read_file, &fd, &reader));
    VPI_TRY(open_stream(vault, &filled, vpi_ogg_reader_head(reader), &stream));
    VPI_TRY(copy_packets(reader, stream, &filled));
    outcome.end_reason = VPRIV_END_SOURCE_ENDED;
    if (stream) {
        outcome.n_frames_48k = vpi_ogg_reader_length_frames48(reader);
        VPI_TRY(vpi_stream_commit(stream));
        VPI_TRY(vpi_stream_finish(stream, VPRIV_END_SOURCE_ENDED, outcome.n_frames_48k, true));
        outcome.is_stored = true;
        vpi_stream_describe(stream, &outcome);
    }
    if (outcome_out)
        *outcome_out = outcome;
    st = VPRIV_OK;
out:
    reason = vpi_fail_text();
    vpi_stream_destroy(stream);
    if (st != VPRIV_OK)
        vpi_fail_text_again(&reason);
    vpi_ogg_reader_close(reader);
    if (fd >= 0)
        close(fd);
    return st;
}
