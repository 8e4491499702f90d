#include "recorder/bulk.h"
#include "base/memory.h"
#include "base/try.h"
#include "recorder/crew.h"
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define SEGMENT_MS        10000
#define SEGMENT_BYTES_MAX (2u << 20) /* a shorter one where the rate is high */
#define WINDOW_MS         2000       /* at the segment's end, where it may be cut */
#define PRE_ROLL_MS       160        /* eight packets of 20 ms */
#define CUT_PACKETS       4          /* cuts are multiples of it */

/* Locked memory is scarce: a plain user often has 8 MB. */
#define SAMPLES_BYTES_MAX (4u << 20)
#define PACKETS_BYTES_MIN (16u << 10)
#define PACKETS_BYTES_MAX (256u << 10)
#define LEFT_BYTES        (256u << 10) /* for everybody else */

/* Lengths in packets. */
typedef struct shape {
    uint32_t segment;
    uint32_t window;
    uint32_t pre_roll;
} shape;

struct vpi_bulk {
    vpi_crew *crew;
    vpi_stream *stream;
    vpi_bulk_go_on_fn go_on;
    void *user;
    shape shape;
    size_t packet_floats;
    uint32_t packet_48k;
    bool is_begun;         /* there is a segment that takes packets */
    uint32_t n_in_segment; /* packets, those in the window too; none is pre-roll */
    uint32_t n_in_window;
    uint32_t *window;  /* cells that are not given to a segment yet */
    double *levels;    /* guarded; of each packet in the window */
    vpi_crew_mark gap; /* before the next packet */
    uint64_t position_48k;
    uint64_t n_packets;
    vpi_crew_packet *packet; /* guarded; on its way to the stream */
};

uint32_t vpi_bulk_processors(void)
{
    cpu_set_t set;
    const long n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                               : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > VPI_BULK_THREADS_MAX ? VPI_BULK_THREADS_MAX : (uint32_t)n;
}

static size_t packet_bytes(const vpriv_encoding *encoding)
{
    return (size_t)((uint64_t)encoding->rate_hz * encoding->packet_us / 1000000) *
           encoding->n_channels * sizeof(float);
}

/* Of the encoding alone: not of threads or memory. */
static shape shape_of(const vpriv_encoding *encoding)
{
    const uint64_t of_time = UINT64_C(1000) * SEGMENT_MS / encoding->packet_us;
    const uint64_t of_memory = SEGMENT_BYTES_MAX / packet_bytes(encoding);
    const uint64_t segment = of_time < of_memory ? of_time : of_memory;
    const uint64_t window = UINT64_C(1000) * WINDOW_MS / encoding->packet_us;
    const uint64_t pre_roll =
        (UINT64_C(1000) * PRE_ROLL_MS + encoding->packet_us - 1) / encoding->packet_us;
    return (shape){.segment = (uint32_t)(segment / CUT_PACKETS * CUT_PACKETS),
        .window = (uint32_t)(window / CUT_PACKETS * CUT_PACKETS),
        .pre_roll = (uint32_t)((pre_roll + CUT_PACKETS - 1) / CUT_PACKETS * CUT_PACKETS)};
}

bool vpi_bulk_is_worth_it(const vpriv_encoding *encoding, uint64_t n_frames)
{
    const uint64_t packet_frames = (uint64_t)encoding->rate_hz * encoding->packet_us / 1000000;
    return n_frames / packet_frames >= UINT64_C(2) * shape_of(encoding).segment;
}

static uint32_t smaller(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

static vpi_crew_config crew_config(
    const vpriv_encoding *encoding, const shape *lengths, uint32_t n_threads)
{
    const uint64_t seconds_bytes = (uint64_t)encoding->bitrate_bps / 8 * SEGMENT_MS / 1000;
    const uint64_t packets_bytes = seconds_bytes + seconds_bytes / 4;
    return (vpi_crew_config){.encoding = *encoding,
        .n_threads = n_threads,
        .n_cells = smaller((uint64_t)(n_threads + 1) * lengths->segment,
            SAMPLES_BYTES_MAX / packet_bytes(encoding)),
        .segment_packets = lengths->segment + lengths->pre_roll,
        .packets_bytes = packets_bytes < PACKETS_BYTES_MIN
                             ? PACKETS_BYTES_MIN
                             : smaller(packets_bytes, PACKETS_BYTES_MAX)};
}

/* A crew, and some memory left that can be locked by whoever comes next. */
static vpriv_status create_modest_crew(const vpi_crew_config *config, vpi_crew **crew_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_crew *crew = NULL;
    void *left = NULL;
    VPI_TRY(vpi_crew_create(config, &crew));
    VPI_TRY(vpi_secret_alloc(LEFT_BYTES, &left));
    *crew_out = crew;
    crew = NULL;
    st = VPRIV_OK;
out:
    vpi_secret_free(left);
    vpi_crew_destroy(crew);
    return st;
}

/* As large as memory allows; more threads than the samples can keep busy are none the less useless. */
static vpriv_status create_crew(
    const vpriv_encoding *encoding, const shape *lengths, uint32_t n_threads, vpi_crew **crew_out)
{
    const uint64_t most_cells = SAMPLES_BYTES_MAX / packet_bytes(encoding);
    const uint32_t most = smaller(n_threads, 1 + 2 * most_cells / lengths->segment);
    vpriv_status st = VPRIV_E_MEMORY;
    vpi_crew_config config = crew_config(encoding, lengths, most);
    while (st == VPRIV_E_MEMORY && config.n_cells >= 2 * lengths->window) {
        st = create_modest_crew(&config, crew_out);
        if (config.n_threads > 1)
            config = crew_config(encoding, lengths, config.n_threads / 2);
        else
            config.n_cells /= 2;
    }
    return st;
}

vpriv_status vpi_bulk_create(const vpriv_encoding *encoding, uint32_t n_threads, vpi_stream *stream,
    vpi_bulk_go_on_fn go_on, void *user, vpi_bulk **bulk_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_bulk *bulk = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *bulk, (void **)&bulk));
    bulk->stream = stream;
    bulk->go_on = go_on;
    bulk->user = user;
    bulk->shape = shape_of(encoding);
    bulk->packet_floats = packet_bytes(encoding) / sizeof(float);
    bulk->packet_48k = (uint32_t)(UINT64_C(48) * encoding->packet_us / 1000);
    bulk->position_48k = vpi_stream_position_48k(stream);
    VPI_TRY(vpi_alloc(bulk->shape.window, sizeof *bulk->window, (void **)&bulk->window));
    VPI_TRY(vpi_secret_alloc(bulk->shape.window * sizeof *bulk->levels, (void **)&bulk->levels));
    VPI_TRY(vpi_secret_alloc(sizeof *bulk->packet, (void **)&bulk->packet));
    VPI_TRY(create_crew(encoding, &bulk->shape, n_threads, &bulk->crew));
    *bulk_out = bulk;
    bulk = NULL;
    st = VPRIV_OK;
out:
    vpi_bulk_destroy(bulk);
    if (st == VPRIV_E_MEMORY) {
        vpi_fail_clear();
        *bulk_out = NULL;
        st = VPRIV_OK;
    }
    return st;
}

void vpi_bulk_destroy(vpi_bulk *bulk)
{
    if (!bulk)
        return;
    vpi_crew_destroy(bulk->crew);
    vpi_secret_free(bulk->packet);
    vpi_secret_free(bulk->levels);
    free(bulk->window);
    free(bulk);
}

/* ---- From the encoders to the stream ---- */

static vpriv_status drain(vpi_bulk *bulk)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_crew_packet *packet = bulk->packet;
    while (vpi_crew_take(bulk->crew, packet)) {
        if (packet->mark.skipped_48k > 0 || packet->mark.lost_48k > 0)
            VPI_TRY(vpi_stream_gap(bulk->stream, packet->mark.skipped_48k, packet->mark.lost_48k));
        VPI_TRY(vpi_stream_packet(bulk->stream, packet->bytes, packet->n_bytes, bulk->packet_48k));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status ask_whether_to_go_on(vpi_bulk *bulk)
{
    return bulk->go_on(bulk->user) ? VPRIV_OK
                                   : vpi_fail(VPRIV_E_CANCELLED, "cancelled; nothing was kept");
}

static vpriv_status wait(vpi_bulk *bulk)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_crew_wait(bulk->crew));
    VPI_TRY(ask_whether_to_go_on(bulk));
    VPI_TRY(drain(bulk));
    st = VPRIV_OK;
out:
    return st;
}

/* ---- Where to cut ---- */

/* Before the quietest place, or the last of these: two packets, since what an encoder decides at one is
 * heard in the next. In the window, where the pre-roll is there too, and with something behind it. */
static uint32_t quietest(const vpi_bulk *bulk)
{
    uint32_t best = 0;
    double best_level = 0;
    for (uint32_t i = bulk->shape.pre_roll; i < bulk->n_in_window; i += CUT_PACKETS) {
        const double level = bulk->levels[i - 1] + bulk->levels[i];
        if (best == 0 || level <= best_level) {
            best = i;
            best_level = level;
        }
    }
    return best;
}

static vpriv_status begin_segment(vpi_bulk *bulk, const uint32_t *pre_roll, uint32_t n_pre_roll)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    while (!vpi_crew_begin_segment(bulk->crew, pre_roll, n_pre_roll))
        VPI_TRY(wait(bulk));
    bulk->is_begun = true;
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status cut(vpi_bulk *bulk)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t at = quietest(bulk);
    const uint32_t n_behind = bulk->n_in_window - at;
    const uint32_t *pre_roll = bulk->window + at - bulk->shape.pre_roll;
    vpi_crew_hold(bulk->crew, pre_roll, bulk->shape.pre_roll);
    vpi_crew_give(bulk->crew, bulk->window, at);
    vpi_crew_end_segment(bulk->crew);
    VPI_TRY(begin_segment(bulk, pre_roll, bulk->shape.pre_roll));
    vpi_crew_give(bulk->crew, bulk->window + at, n_behind);
    bulk->n_in_segment = n_behind;
    bulk->n_in_window = 0;
    st = VPRIV_OK;
out:
    return st;
}

void vpi_bulk_restart(vpi_bulk *bulk)
{
    if (!bulk->is_begun)
        return;
    vpi_crew_give(bulk->crew, bulk->window, bulk->n_in_window);
    vpi_crew_end_segment(bulk->crew);
    bulk->n_in_segment = bulk->n_in_window = 0;
    bulk->is_begun = false;
}

/* ---- From the front end to the encoders ---- */

static double level_of(const float *frames, size_t n_floats)
{
    double sum = 0;
    for (size_t i = 0; i < n_floats; i++)
        sum += (double)frames[i] * (double)frames[i];
    return sum;
}

vpriv_status vpi_bulk_packet(vpi_bulk *bulk, const float *frames)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t cell = 0;
    VPI_TRY(drain(bulk));
    if (!bulk->is_begun)
        VPI_TRY(begin_segment(bulk, NULL, 0));
    while (!vpi_crew_get_cell(bulk->crew, &cell))
        VPI_TRY(wait(bulk));
    memcpy(vpi_crew_frames(bulk->crew, cell), frames, bulk->packet_floats * sizeof *frames);
    *vpi_crew_mark_of(bulk->crew, cell) = bulk->gap;
    bulk->gap = (vpi_crew_mark){0, 0};
    bulk->position_48k += bulk->packet_48k;
    bulk->n_packets++;
    if (bulk->n_in_segment++ < bulk->shape.segment - bulk->shape.window) {
        vpi_crew_give(bulk->crew, &cell, 1);
    } else {
        bulk->window[bulk->n_in_window] = cell;
        bulk->levels[bulk->n_in_window++] = level_of(frames, bulk->packet_floats);
    }
    if (bulk->n_in_window == bulk->shape.window)
        VPI_TRY(cut(bulk));
    st = VPRIV_OK;
out:
    return st;
}

void vpi_bulk_gap(vpi_bulk *bulk, uint64_t skipped_48k, uint64_t lost_48k)
{
    bulk->gap.skipped_48k += skipped_48k;
    bulk->gap.lost_48k += lost_48k;
    bulk->position_48k += skipped_48k;
}

vpriv_status vpi_bulk_flush(vpi_bulk *bulk)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_bulk_restart(bulk);
    VPI_TRY(drain(bulk));
    while (!vpi_crew_is_empty(bulk->crew))
        VPI_TRY(wait(bulk));
    VPI_TRY(ask_whether_to_go_on(bulk));
    if (bulk->gap.skipped_48k > 0 || bulk->gap.lost_48k > 0)
        VPI_TRY(vpi_stream_gap(bulk->stream, bulk->gap.skipped_48k, bulk->gap.lost_48k));
    bulk->gap = (vpi_crew_mark){0, 0};
    st = VPRIV_OK;
out:
    return st;
}

uint64_t vpi_bulk_position_48k(const vpi_bulk *bulk)
{
    return bulk->position_48k;
}

uint64_t vpi_bulk_waiting_48k(const vpi_bulk *bulk)
{
    return (bulk->n_packets - vpi_crew_n_encoded(bulk->crew)) * bulk->packet_48k;
}
