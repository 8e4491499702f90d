#include "recorder/hub.h"
#include "base/memory.h"
#include "base/thread.h"
#include "base/try.h"
#include "recorder/recorder.h"
#include <errno.h>
#include <time.h>

#define WORKERS_DEFAULT   4 /* at most: their stacks are locked memory, which is scarce */
#define RECORDERS_DEFAULT 64
#define TICK_MS_DEFAULT   20
#define TICK_MS_MIN       5
#define TICK_MS_MAX       50
#define TURN_STEPS        5    /* pieces of 20 ms: then the others come first */
#define HELP_AFTER_US     1000 /* a round that lasts longer is worth waking another worker for */

typedef struct member {
    vpriv_recorder *recorder; /* NULL is a free place */
    bool is_busy;             /* a worker is at it, or its blocks are being written */
    bool is_leaving;          /* no worker shall begin with it */
    int64_t due_us;           /* as it was after the last turn */
} member;

struct vpriv_hub {
    vpriv_vault *vault;
    int64_t tick_us;
    size_t n_workers; /* that were started */
    size_t n_places;
    vpi_thread workers[VPRIV_HUB_WORKERS_MAX];

    /* All that follows is touched with the lock held. */
    pthread_mutex_t lock;
    pthread_cond_t tick;    /* one worker waits here for the next round */
    pthread_cond_t help;    /* the others, for a round with work left */
    pthread_cond_t changed; /* a member is not busy any more */
    bool quit;
    bool has_timer;  /* somebody waits for the tick */
    bool is_round;   /* from the first turn until the group is written */
    bool goes_on;    /* a source has more than a turn took: no waiting */
    size_t next;     /* the place whose turn is next in this round */
    size_t n_busy;   /* turns under way */
    size_t n_taken;  /* places given away, those of recorders about to start included */
    int64_t next_us; /* when the next round is to begin, by CLOCK_MONOTONIC */
    int64_t began_us;
    member *members;        /* n_places */
    vpi_sealer_part *parts; /* of whoever writes: n_places */
    member **lenders;
};

/* Of the system, also where tests put a clock of their own under the recorders. */
static int64_t system_us(void)
{
    struct timespec now = {0};
    VPI_IMPOSSIBLE_UNLESS(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Up to a few pieces of what the source has. A recorder that somebody calls is left alone. *due_io:
 * when the group must be written for it. True: there was more. */
static bool drive(vpriv_recorder *recorder, int64_t *due_io)
{
    bool idle = true;
    if (pthread_mutex_trylock(&recorder->lock) != 0)
        return false;
    for (int i = 0; i < TURN_STEPS; i++) {
        idle = true;
        if (!vpi_recorder_is_driven(recorder) || vpi_recorder_step(recorder, &idle) != VPRIV_OK ||
            idle)
            break; /* a failure is in the outcome */
    }
    *due_io = recorder->stream ? vpi_stream_due_us(recorder->stream) : VPI_STREAM_NOT_DUE;
    pthread_mutex_unlock(&recorder->lock);
    return !idle;
}

/* What sound may have waited in its source, and what it would wait for the next look. */
static int64_t margin_us(const vpriv_hub *hub)
{
    return 2 * hub->tick_us;
}

/* Whether a group must be written now, and until when one takes part in it. */
static bool is_due(const vpriv_hub *hub, int64_t *until_us_out)
{
    int64_t earliest_us = VPI_STREAM_NOT_DUE, shortest_us = INT64_MAX;
    for (size_t i = 0; i < hub->n_places; i++) {
        const member *m = &hub->members[i];
        if (!m->recorder || m->due_us == VPI_STREAM_NOT_DUE)
            continue;
        const int64_t unsealed_us = (int64_t)m->recorder->config.unsealed_ms * 1000;
        earliest_us = m->due_us < earliest_us ? m->due_us : earliest_us;
        shortest_us = unsealed_us < shortest_us ? unsealed_us : shortest_us;
    }
    if (earliest_us == VPI_STREAM_NOT_DUE || earliest_us - vpi_monotonic_us() > margin_us(hub))
        return false;
    *until_us_out = earliest_us + shortest_us;
    return true;
}

/* From here to take_back the stream belongs to whoever writes; calls on the recorder wait. */
static bool lend(vpriv_recorder *recorder, vpi_sealer_part *part_out)
{
    bool lent = false;
    if (pthread_mutex_trylock(&recorder->lock) != 0)
        return false; /* somebody confirms, rejects: the next round comes soon */
    if (recorder->stream && vpi_stream_due_us(recorder->stream) != VPI_STREAM_NOT_DUE) {
        vpi_stream_offer(recorder->stream, part_out);
        recorder->is_lent = lent = true;
    }
    pthread_mutex_unlock(&recorder->lock);
    return lent;
}

static void take_back(vpriv_recorder *recorder, const vpi_sealer_part *part)
{
    pthread_mutex_lock(&recorder->lock);
    if (part->status == VPRIV_OK)
        vpi_stream_taken(recorder->stream);
    else
        vpi_recorder_fail(recorder, vpi_fail(part->status, "%s", part->detail));
    recorder->is_lent = false;
    pthread_cond_broadcast(&recorder->returned);
    pthread_mutex_unlock(&recorder->lock);
}

/* With the hub's lock held, which is let go while writing. */
static void write_what_is_due(vpriv_hub *hub)
{
    int64_t until_us = 0;
    size_t n = 0;
    if (!is_due(hub, &until_us))
        return;
    for (size_t i = 0; i < hub->n_places; i++) {
        member *m = &hub->members[i];
        if (m->recorder && !m->is_leaving && m->due_us < until_us &&
            lend(m->recorder, &hub->parts[n])) {
            m->is_busy = true;
            m->due_us = VPI_STREAM_NOT_DUE;
            hub->lenders[n++] = m;
        }
    }
    if (n == 0)
        return;
    pthread_mutex_unlock(&hub->lock);
    vpi_sealer_write_group(hub->parts, n);
    for (size_t i = 0; i < n; i++)
        take_back(hub->lenders[i]->recorder, &hub->parts[i]);
    pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < n; i++)
        hub->lenders[i]->is_busy = false;
    pthread_cond_broadcast(&hub->changed);
}

/* The next place in this round with somebody to drive; NULL when there is none left. */
static member *next_member(vpriv_hub *hub)
{
    while (hub->next < hub->n_places) {
        member *m = &hub->members[hub->next++];
        if (m->recorder && !m->is_leaving)
            return m;
    }
    return NULL;
}

static void take_turn(vpriv_hub *hub, member *m)
{
    m->is_busy = true;
    hub->n_busy++;
    pthread_mutex_unlock(&hub->lock);
    const bool more = drive(m->recorder, &m->due_us);
    pthread_mutex_lock(&hub->lock);
    m->is_busy = false;
    hub->n_busy--;
    hub->goes_on = hub->goes_on || more;
    if (m->is_leaving)
        pthread_cond_broadcast(&hub->changed);
    if (hub->next < hub->n_places && system_us() - hub->began_us > HELP_AFTER_US)
        pthread_cond_signal(&hub->help);
}

/* In step with the last tick when the round is on time; never more than a tick away, however many
 * rounds followed each other without a pause. */
static int64_t next_tick(const vpriv_hub *hub)
{
    const int64_t in_step = hub->next_us + hub->tick_us;
    const int64_t latest = hub->began_us + hub->tick_us;
    if (in_step < hub->began_us)
        return hub->began_us;
    return in_step < latest ? in_step : latest;
}

static void wait_for_tick(vpriv_hub *hub)
{
    hub->has_timer = true;
    while (!hub->quit && !hub->goes_on) {
        const struct timespec until = {hub->next_us / 1000000, hub->next_us % 1000000 * 1000};
        if (hub->n_taken == 0)
            pthread_cond_wait(&hub->tick, &hub->lock);
        else if (pthread_cond_timedwait(&hub->tick, &hub->lock, &until) == ETIMEDOUT)
            break;
    }
    hub->has_timer = false;
    hub->began_us = system_us();
    hub->next_us = next_tick(hub);
    hub->goes_on = false;
    hub->is_round = true;
    hub->next = 0;
}

static void *work(void *user)
{
    vpriv_hub *hub = user;
    pthread_mutex_lock(&hub->lock);
    while (!hub->quit) {
        member *m = hub->is_round ? next_member(hub) : NULL;
        if (m) {
            take_turn(hub, m);
        } else if (hub->is_round && hub->n_busy == 0) {
            hub->n_busy = 1; /* the group: nobody else ends this round */
            write_what_is_due(hub);
            hub->n_busy = 0;
            hub->is_round = false;
        } else if (hub->is_round || hub->has_timer) {
            pthread_cond_wait(&hub->help, &hub->lock);
        } else {
            wait_for_tick(hub);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}

static vpriv_status check_config(const vpriv_hub_config *config, vpriv_hub_config *filled_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_hub_config filled = {.struct_size = sizeof filled};
    if (config) {
        VPI_ENSURE(config->struct_size == sizeof *config, VPRIV_E_ARG,
            "vpriv_hub_config.struct_size is not set");
        filled = *config;
    }
    VPI_ENSURE(filled.n_workers <= VPRIV_HUB_WORKERS_MAX, VPRIV_E_ARG,
        "n_workers is %u; at most %d", filled.n_workers, VPRIV_HUB_WORKERS_MAX);
    if (filled.n_workers == 0)
        filled.n_workers =
            vpi_bulk_processors() < WORKERS_DEFAULT ? vpi_bulk_processors() : WORKERS_DEFAULT;
    VPI_ENSURE(filled.n_recorders_max <= VPRIV_HUB_RECORDERS_MAX, VPRIV_E_ARG,
        "n_recorders_max is %u; at most %d", filled.n_recorders_max, VPRIV_HUB_RECORDERS_MAX);
    if (filled.n_recorders_max == 0)
        filled.n_recorders_max = RECORDERS_DEFAULT;
    if (filled.tick_ms == 0)
        filled.tick_ms = TICK_MS_DEFAULT;
    VPI_ENSURE(filled.tick_ms >= TICK_MS_MIN && filled.tick_ms <= TICK_MS_MAX, VPRIV_E_ARG,
        "tick_ms is %u; %d to %d", filled.tick_ms, TICK_MS_MIN, TICK_MS_MAX);
    *filled_out = filled;
    st = VPRIV_OK;
out:
    return st;
}

static void start_locks(vpriv_hub *hub)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&hub->lock, NULL);
    pthread_cond_init(&hub->tick, &attributes);
    pthread_cond_init(&hub->help, NULL);
    pthread_cond_init(&hub->changed, NULL);
    pthread_condattr_destroy(&attributes);
}

vpriv_status vpriv_hub_open(vpriv_vault *vault, const vpriv_hub_config *config, vpriv_hub **hub_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_hub_config filled = {.struct_size = 0};
    vpriv_hub *hub = NULL;
    vpi_fail_clear();
    VPI_ENSURE(vault && hub_out, VPRIV_E_ARG, "a vault and room for the hub are needed");
    VPI_TRY(check_config(config, &filled));
    VPI_TRY(vpi_alloc(1, sizeof *hub, (void **)&hub));
    start_locks(hub);
    hub->vault = vault;
    hub->tick_us = (int64_t)filled.tick_ms * 1000;
    hub->n_places = filled.n_recorders_max;
    VPI_TRY(vpi_alloc(hub->n_places, sizeof *hub->members, (void **)&hub->members));
    VPI_TRY(vpi_alloc(hub->n_places, sizeof *hub->parts, (void **)&hub->parts));
    VPI_TRY(vpi_alloc(hub->n_places, sizeof *hub->lenders, (void **)&hub->lenders));
    for (; hub->n_workers < filled.n_workers; hub->n_workers++)
        VPI_TRY(vpi_thread_start(&hub->workers[hub->n_workers], work, hub));
    *hub_out = hub;
    hub = NULL;
    st = VPRIV_OK;
out:
    vpriv_hub_close(hub);
    return st;
}

/* A place is kept before the source is touched: there is always one for a source that has started. */
static vpriv_status keep_place(vpriv_hub *hub)
{
    vpriv_status st = VPRIV_E_LIMIT;
    pthread_mutex_lock(&hub->lock);
    if (hub->n_taken < hub->n_places) {
        hub->n_taken++;
        st = VPRIV_OK;
    }
    pthread_mutex_unlock(&hub->lock);
    return st == VPRIV_OK ? VPRIV_OK : vpi_fail(st, "the hub has room for %zu", hub->n_places);
}

static void give_up_place(vpriv_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->n_taken--;
    pthread_mutex_unlock(&hub->lock);
}

static void join(vpriv_hub *hub, vpriv_recorder *recorder)
{
    size_t place = 0;
    recorder->hub = hub;
    pthread_mutex_lock(&hub->lock);
    while (hub->members[place].recorder)
        place++;
    hub->members[place] = (member){.recorder = recorder, .due_us = VPI_STREAM_NOT_DUE};
    pthread_cond_signal(&hub->tick);
    pthread_mutex_unlock(&hub->lock);
}

vpriv_status vpriv_hub_start(vpriv_hub *hub, vpriv_recorder *recorder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_fail_clear();
    VPI_ENSURE(hub && recorder, VPRIV_E_ARG, "a hub and a recorder are needed");
    VPI_ENSURE(recorder->vault == hub->vault, VPRIV_E_ARG,
        "the recorder was opened on another vault handle than the hub");
    VPI_TRY(keep_place(hub));
    const vpriv_status listening = vpi_recorder_listen(recorder);
    if (listening == VPRIV_OK)
        join(hub, recorder);
    else
        give_up_place(hub);
    st = listening;
out:
    return st;
}

void vpi_hub_leave(vpriv_recorder *recorder)
{
    vpriv_hub *hub = recorder->hub;
    member *m = hub->members;
    pthread_mutex_lock(&hub->lock);
    while (m->recorder != recorder)
        m++;
    m->is_leaving = true;
    while (m->is_busy)
        pthread_cond_wait(&hub->changed, &hub->lock);
    m->recorder = NULL;
    hub->n_taken--;
    pthread_mutex_unlock(&hub->lock);
    recorder->hub = NULL;
    if (recorder->stream)
        vpi_stream_keep_time(recorder->stream, true);
}

static void stop_workers(vpriv_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->quit = true;
    pthread_cond_broadcast(&hub->tick);
    pthread_cond_broadcast(&hub->help);
    pthread_mutex_unlock(&hub->lock);
    for (size_t i = 0; i < hub->n_workers; i++)
        vpi_thread_join(&hub->workers[i]);
}

void vpriv_hub_close(vpriv_hub *hub)
{
    if (!hub)
        return;
    for (size_t i = 0; hub->members && i < hub->n_places; i++)
        if (hub->members[i].recorder) {
            const vpriv_status stopped = vpriv_recorder_stop(hub->members[i].recorder, NULL);
            VPI_IMPOSSIBLE_UNLESS(stopped == VPRIV_OK);
        }
    stop_workers(hub);
    pthread_cond_destroy(&hub->tick);
    pthread_cond_destroy(&hub->help);
    pthread_cond_destroy(&hub->changed);
    pthread_mutex_destroy(&hub->lock);
    free(hub->members);
    free(hub->parts);
    free(hub->lenders);
    free(hub);
}
