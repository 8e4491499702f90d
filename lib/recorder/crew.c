#include "recorder/crew.h"
#include "base/memory.h"
#include "base/ring.h"
#include "base/thread.h"
#include "base/try.h"
#include "packets/encoder.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SEGMENTS_SPARE   2 /* one being filled, one waiting to be taken */
#define PACKETS_PER_TELL 16

typedef struct cell {
    vpi_crew_mark mark;
    uint32_t n_uses; /* in a segment, as pre-roll of the next, or in the caller's hands */
} cell;

typedef struct segment {
    vpi_ring *packets; /* its worker writes, the coordinator reads */
    uint32_t *cells;
    uint32_t n_cells;
    uint32_t n_encoded; /* of these */
    uint32_t n_pre_roll;
    bool is_ended; /* no more cells will come */
    bool is_done;  /* everything is in packets */
    pthread_cond_t changed;
} segment;

typedef struct worker {
    vpi_crew *crew;
    vpi_encoder *encoder;
    vpi_crew_packet *packet; /* guarded */
    vpi_thread thread;
} worker;

/* The lock guards everything that changes, but for the frames of a cell: who has it has them. */
struct vpi_crew {
    pthread_mutex_t lock;
    pthread_cond_t segment_begun; /* workers wait for it */
    pthread_cond_t told;          /* the coordinator waits for it */
    vpi_crew_config config;
    size_t packet_frames;
    size_t cell_floats;
    float *frames; /* guarded */
    cell *cells;
    uint32_t *free_cells;
    uint32_t n_free;
    segment *segments; /* number n is at n % n_segments */
    uint64_t n_segments;
    uint64_t oldest, next_to_encode, next_to_begin; /* numbers */
    worker *workers;
    uint32_t n_workers; /* started */
    uint64_t n_encoded;
    uint64_t n_told, n_heard; /* reasons to wake the coordinator, and those it has seen */
    bool quit;
    vpriv_status status; /* of the first failure on a worker */
    char detail[256];
};

static segment *segment_of(const vpi_crew *crew, uint64_t number)
{
    return &crew->segments[number % crew->n_segments];
}

/* ---- On the workers, with the lock held ---- */

static void tell(vpi_crew *crew)
{
    crew->n_told++;
    pthread_cond_signal(&crew->told);
}

static void let_go(vpi_crew *crew, uint32_t index)
{
    if (--crew->cells[index].n_uses > 0)
        return;
    vpi_wipe(crew->frames + (size_t)index * crew->cell_floats, crew->cell_floats * sizeof(float));
    crew->free_cells[crew->n_free++] = index;
}

static void fail(vpi_crew *crew, vpriv_status status)
{
    if (crew->status == VPRIV_OK) {
        crew->status = status;
        snprintf(crew->detail, sizeof crew->detail, "%s", vpriv_error_detail());
    }
}

/* Waits until it fits: the packets of the oldest segment are being taken, the others' turn comes. */
static void put_packet(vpi_crew *crew, segment *to, const vpi_crew_packet *packet)
{
    const size_t n_bytes = offsetof(vpi_crew_packet, bytes) + packet->n_bytes;
    while (!crew->quit && !vpi_ring_write(to->packets, packet, n_bytes)) {
        tell(crew);
        pthread_cond_wait(&to->changed, &crew->lock);
    }
}

/* Without the lock while it encodes. */
static vpriv_status encode_next(worker *self, segment *from)
{
    vpi_crew *crew = self->crew;
    const uint32_t index = from->cells[from->n_encoded];
    const bool is_kept = from->n_encoded >= from->n_pre_roll;
    size_t n_bytes = 0;
    pthread_mutex_unlock(&crew->lock);
    const vpriv_status st = vpi_encoder_encode(self->encoder, vpi_crew_frames(crew, index),
        crew->packet_frames, self->packet->bytes, sizeof self->packet->bytes, &n_bytes);
    pthread_mutex_lock(&crew->lock);
    if (st != VPRIV_OK)
        return st;
    if (is_kept) {
        self->packet->mark = crew->cells[index].mark;
        self->packet->n_bytes = (uint32_t)n_bytes;
        put_packet(crew, from, self->packet);
        if (++crew->n_encoded % PACKETS_PER_TELL == 0)
            tell(crew);
    }
    from->n_encoded++;
    let_go(crew, index);
    return VPRIV_OK;
}

static void encode_segment(worker *self, segment *from)
{
    vpi_crew *crew = self->crew;
    vpriv_status st = vpi_encoder_reset(self->encoder);
    while (st == VPRIV_OK && !crew->quit) {
        if (from->n_encoded < from->n_cells) {
            st = encode_next(self, from);
        } else if (from->is_ended) {
            break;
        } else {
            tell(crew);
            pthread_cond_wait(&from->changed, &crew->lock);
        }
    }
    if (st != VPRIV_OK)
        fail(crew, st);
    from->is_done = true;
    tell(crew);
}

static void *work(void *user)
{
    worker *self = user;
    vpi_crew *crew = self->crew;
    pthread_mutex_lock(&crew->lock);
    while (!crew->quit) {
        if (crew->next_to_encode == crew->next_to_begin) {
            pthread_cond_wait(&crew->segment_begun, &crew->lock);
        } else {
            segment *next = segment_of(crew, crew->next_to_encode++);
            encode_segment(self, next);
        }
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* ---- Beginning and end ---- */

static vpriv_status create_cells(vpi_crew *crew)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t n_cells = crew->config.n_cells;
    VPI_TRY(vpi_secret_alloc(
        (size_t)n_cells * crew->cell_floats * sizeof(float), (void **)&crew->frames));
    VPI_TRY(vpi_alloc(n_cells, sizeof *crew->cells, (void **)&crew->cells));
    VPI_TRY(vpi_alloc(n_cells, sizeof *crew->free_cells, (void **)&crew->free_cells));
    while (crew->n_free < n_cells) {
        crew->free_cells[crew->n_free] = n_cells - 1 - crew->n_free;
        crew->n_free++;
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status create_segments(vpi_crew *crew)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint64_t n_segments = crew->config.n_threads + SEGMENTS_SPARE;
    VPI_TRY(vpi_alloc(n_segments, sizeof *crew->segments, (void **)&crew->segments));
    for (; crew->n_segments < n_segments; crew->n_segments++)
        pthread_cond_init(&crew->segments[crew->n_segments].changed, NULL);
    for (uint64_t i = 0; i < n_segments; i++) {
        segment *made = &crew->segments[i];
        VPI_TRY(
            vpi_alloc(crew->config.segment_packets, sizeof *made->cells, (void **)&made->cells));
        VPI_TRY(vpi_ring_create(crew->config.packets_bytes, &made->packets));
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status create_workers(vpi_crew *crew)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t n_threads = crew->config.n_threads;
    VPI_TRY(vpi_alloc(n_threads, sizeof *crew->workers, (void **)&crew->workers));
    for (uint32_t i = 0; i < n_threads; i++) {
        worker *made = &crew->workers[i];
        made->crew = crew;
        VPI_TRY(vpi_encoder_create(&crew->config.encoding, &made->encoder));
        VPI_TRY(vpi_secret_alloc(sizeof *made->packet, (void **)&made->packet));
    }
    for (vpriv_status started = VPRIV_OK; started == VPRIV_OK && crew->n_workers < n_threads;) {
        worker *next = &crew->workers[crew->n_workers];
        started = vpi_thread_start(&next->thread, work, next);
        crew->n_workers += started == VPRIV_OK;
    }
    VPI_ENSURE(crew->n_workers > 0, VPRIV_E_MEMORY, "no thread could be started");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_crew_create(const vpi_crew_config *config, vpi_crew **crew_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_crew *crew = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *crew, (void **)&crew));
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->segment_begun, NULL);
    pthread_cond_init(&crew->told, NULL);
    crew->config = *config;
    crew->packet_frames =
        (size_t)((uint64_t)config->encoding.rate_hz * config->encoding.packet_us / 1000000);
    crew->cell_floats = crew->packet_frames * config->encoding.n_channels;
    VPI_TRY(create_cells(crew));
    VPI_TRY(create_segments(crew));
    VPI_TRY(create_workers(crew));
    *crew_out = crew;
    crew = NULL;
    st = VPRIV_OK;
out:
    vpi_crew_destroy(crew);
    return st;
}

static void stop_workers(vpi_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->quit = true;
    pthread_cond_broadcast(&crew->segment_begun);
    for (uint64_t i = 0; i < crew->n_segments; i++)
        pthread_cond_broadcast(&crew->segments[i].changed);
    pthread_mutex_unlock(&crew->lock);
    for (uint32_t i = 0; i < crew->n_workers; i++)
        vpi_thread_join(&crew->workers[i].thread);
}

void vpi_crew_destroy(vpi_crew *crew)
{
    if (!crew)
        return;
    stop_workers(crew);
    for (uint32_t i = 0; crew->workers && i < crew->config.n_threads; i++) {
        vpi_encoder_destroy(crew->workers[i].encoder);
        vpi_secret_free(crew->workers[i].packet);
    }
    for (uint64_t i = 0; i < crew->n_segments; i++) {
        vpi_ring_destroy(crew->segments[i].packets);
        free(crew->segments[i].cells);
        pthread_cond_destroy(&crew->segments[i].changed);
    }
    free(crew->workers);
    free(crew->segments);
    free(crew->free_cells);
    free(crew->cells);
    vpi_secret_free(crew->frames);
    pthread_cond_destroy(&crew->told);
    pthread_cond_destroy(&crew->segment_begun);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}

/* ---- The coordinator's calls ---- */

bool vpi_crew_get_cell(vpi_crew *crew, uint32_t *cell_out)
{
    pthread_mutex_lock(&crew->lock);
    const bool found = crew->n_free > 0;
    if (found) {
        *cell_out = crew->free_cells[--crew->n_free];
        crew->cells[*cell_out] = (cell){.n_uses = 1};
    }
    pthread_mutex_unlock(&crew->lock);
    return found;
}

float *vpi_crew_frames(vpi_crew *crew, uint32_t index)
{
    return crew->frames + (size_t)index * crew->cell_floats;
}

vpi_crew_mark *vpi_crew_mark_of(vpi_crew *crew, uint32_t index)
{
    return &crew->cells[index].mark;
}

static void add_cells(vpi_crew *crew, segment *to, const uint32_t *cells, uint32_t n_cells)
{
    VPI_IMPOSSIBLE_UNLESS(n_cells <= crew->config.segment_packets - to->n_cells);
    if (n_cells > 0)
        memcpy(to->cells + to->n_cells, cells, n_cells * sizeof *cells);
    to->n_cells += n_cells;
}

bool vpi_crew_begin_segment(vpi_crew *crew, const uint32_t *pre_roll, uint32_t n_pre_roll)
{
    pthread_mutex_lock(&crew->lock);
    const bool has_room = crew->next_to_begin - crew->oldest < crew->n_segments;
    if (has_room) {
        segment *begun = segment_of(crew, crew->next_to_begin++);
        begun->n_cells = begun->n_encoded = 0;
        begun->is_ended = begun->is_done = false;
        begun->n_pre_roll = n_pre_roll;
        add_cells(crew, begun, pre_roll, n_pre_roll);
        pthread_cond_signal(&crew->segment_begun);
    }
    pthread_mutex_unlock(&crew->lock);
    return has_room;
}

void vpi_crew_hold(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells)
{
    pthread_mutex_lock(&crew->lock);
    for (uint32_t i = 0; i < n_cells; i++)
        crew->cells[cells[i]].n_uses++;
    pthread_mutex_unlock(&crew->lock);
}

void vpi_crew_give(vpi_crew *crew, const uint32_t *cells, uint32_t n_cells)
{
    pthread_mutex_lock(&crew->lock);
    segment *to = segment_of(crew, crew->next_to_begin - 1);
    add_cells(crew, to, cells, n_cells);
    pthread_cond_signal(&to->changed);
    pthread_mutex_unlock(&crew->lock);
}

void vpi_crew_end_segment(vpi_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    segment *ended = segment_of(crew, crew->next_to_begin - 1);
    ended->is_ended = true;
    pthread_cond_signal(&ended->changed);
    pthread_mutex_unlock(&crew->lock);
}

static bool take_from(segment *from, vpi_crew_packet *packet_out)
{
    const size_t head_bytes = offsetof(vpi_crew_packet, bytes);
    if (vpi_ring_filled(from->packets) < head_bytes)
        return false;
    (void)vpi_ring_read(from->packets, packet_out, head_bytes);
    VPI_IMPOSSIBLE_UNLESS(packet_out->n_bytes <= sizeof packet_out->bytes);
    (void)vpi_ring_read(from->packets, packet_out->bytes, packet_out->n_bytes);
    pthread_cond_signal(&from->changed);
    return true;
}

bool vpi_crew_take(vpi_crew *crew, vpi_crew_packet *packet_out)
{
    bool found = false;
    pthread_mutex_lock(&crew->lock);
    while (!found && crew->status == VPRIV_OK && crew->oldest < crew->next_to_begin) {
        segment *from = segment_of(crew, crew->oldest);
        found = take_from(from, packet_out);
        if (!found && !from->is_done)
            break;
        if (!found)
            crew->oldest++;
    }
    pthread_mutex_unlock(&crew->lock);
    return found;
}

bool vpi_crew_is_empty(const vpi_crew *crew)
{
    return crew->oldest == crew->next_to_begin; /* both are the coordinator's */
}

uint64_t vpi_crew_n_encoded(vpi_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    const uint64_t n_encoded = crew->n_encoded;
    pthread_mutex_unlock(&crew->lock);
    return n_encoded;
}

vpriv_status vpi_crew_wait(vpi_crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    while (crew->n_told == crew->n_heard && crew->status == VPRIV_OK)
        pthread_cond_wait(&crew->told, &crew->lock);
    crew->n_heard = crew->n_told;
    const vpriv_status st =
        crew->status == VPRIV_OK ? VPRIV_OK : vpi_fail(crew->status, "%s", crew->detail);
    pthread_mutex_unlock(&crew->lock);
    return st;
}
