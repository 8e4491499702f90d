/* A microphone of a sound card, through libasound.
 *
 * The capturing thread waits for the card with poll and puts frames into the queue, straight from
 * the card's buffer where it can be mapped. The card is set to run on when nobody reads: what it
 * overwrote is then known to the frame from how far it is ahead. When a card stops all the same, the
 * gap is the time from the last known position to the new start, on the card's own time stamps.
 * No count and no stamp of a card is taken on trust: it is ahead by no more than its buffer holds and its rate
 * gave since it was last looked at. Whatever else goes wrong is the loss of the device. */
#include "base/memory.h"
#include "base/try.h"
#include "capture/alsa_pcm.h"
#include "capture/backend.h"
#include "capture/source.h"
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define N_POLL_MAX       16
#define WAIT_MS          20
#define N_WAITS_RUNNING  7  /* without a frame in them: 140 ms, then the device is lost */
#define N_WAITS_STARTING 50 /* some cards need a while for the first frame */
#define N_RESTARTS_MAX   5  /* without a frame in between */
#define NS_PER_S         INT64_C(1000000000)
#define DRIFT_SHARE      16        /* a clock that is faster by more than a 16th is none */
#define TOO_MANY         (-ERANGE) /* no call of libasound's gives it */
#define TOO_MANY_TEXT    "it tells of more frames than its rate can have given"

typedef struct alsa_source {
    vpriv_source base;
    vpi_alsa_request request;
    char name[VPI_SOURCE_NAME_BYTES];
    char card[VPI_ALSA_CARD_BYTES];
    vpi_alsa_pcm pcm;
    uint8_t *scratch; /* guarded; where the card's buffer cannot be mapped */
    size_t scratch_frames;
    pthread_t thread;
    bool has_thread;
    int wake;
    _Atomic bool quit;

    /* the capturing thread's */
    struct pollfd polled[N_POLL_MAX + 1]; /* the first is wake */
    unsigned n_polled;
    int64_t known_ns; /* when the card stood n_known frames ahead of what was read */
    snd_pcm_sframes_t n_known;
    int64_t possible_ns; /* how much sound may be ahead, as of looked_ns */
    int64_t looked_ns;
    unsigned n_waits_left;
    unsigned n_restarts;
} alsa_source;

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * NS_PER_S + time->tv_nsec;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return nanoseconds(&now);
}

static void allow_waits(alsa_source *from, unsigned n_waits)
{
    const uint64_t period_ms = (uint64_t)from->pcm.period_frames * 1000 / from->base.format.rate_hz;
    from->n_waits_left = n_waits + (unsigned)(period_ms > WAIT_MS ? period_ms / WAIT_MS : 0);
}

static int64_t frames_in(const alsa_source *from, int64_t ns)
{
    const int64_t rate = from->base.format.rate_hz;
    return ns / NS_PER_S * rate + (ns % NS_PER_S * rate + NS_PER_S / 2) / NS_PER_S;
}

static int64_t ns_of(const alsa_source *from, size_t n_frames)
{
    return (int64_t)n_frames * NS_PER_S / from->base.format.rate_hz;
}

/* A full buffer, and a little for how its pointer jumps. */
static int64_t most_waiting_ns(const alsa_source *from)
{
    return ns_of(from, from->pcm.buffer_frames + 2 * from->pcm.period_frames);
}

static void start_clock(alsa_source *from)
{
    from->known_ns = from->looked_ns = now_ns();
    from->n_known = 0;
    from->possible_ns = most_waiting_ns(from);
}

static void run_clock(alsa_source *from)
{
    const int64_t since_ns = now_ns() - from->looked_ns;
    if (from->possible_ns > most_waiting_ns(from))
        from->possible_ns = most_waiting_ns(from);
    from->possible_ns += since_ns + since_ns / DRIFT_SHARE;
    from->looked_ns += since_ns;
}

static bool is_possible(const alsa_source *from, int64_t n_frames)
{
    return n_frames <= frames_in(from, from->possible_ns);
}

static void count(alsa_source *from, snd_pcm_sframes_t n_frames)
{
    from->possible_ns -= ns_of(from, (size_t)n_frames);
    from->n_known -= n_frames;
}

/* Where the card stands: frames ahead of the reader, and since when. */
static snd_pcm_sframes_t look(alsa_source *from)
{
    snd_pcm_uframes_t avail = 0;
    struct timespec stamp = {0, 0};
    const snd_pcm_sframes_t n_ahead = vpi_snd.pcm_avail(from->pcm.pcm);
    if (n_ahead < 0)
        return n_ahead;
    const bool has_stamp = vpi_snd.pcm_htimestamp(from->pcm.pcm, &avail, &stamp) == 0;
    const int64_t stamp_ns = nanoseconds(&stamp);
    run_clock(from);
    if (!is_possible(from, n_ahead))
        return TOO_MANY;
    if (has_stamp && stamp_ns <= from->looked_ns &&
        stamp_ns > from->looked_ns - most_waiting_ns(from) && avail <= INT32_MAX &&
        is_possible(from, (int64_t)avail)) {
        from->known_ns = stamp_ns;
        from->n_known = (snd_pcm_sframes_t)avail;
    } else {
        from->known_ns = from->looked_ns;
        from->n_known = n_ahead;
    }
    return n_ahead;
}

/* Frames from the card's buffer, mapped. */
static snd_pcm_sframes_t take_mapped(alsa_source *from, snd_pcm_uframes_t n_ahead)
{
    const snd_pcm_channel_area_t *areas = NULL;
    snd_pcm_uframes_t offset = 0, n_frames = n_ahead;
    const int error = vpi_snd.pcm_mmap_begin(from->pcm.pcm, &areas, &offset, &n_frames);
    if (error < 0)
        return error;
    const uint8_t *at =
        (const uint8_t *)areas[0].addr + (areas[0].first + offset * areas[0].step) / 8;
    vpi_queue_write(from->base.queue, at, n_frames);
    return vpi_snd.pcm_mmap_commit(from->pcm.pcm, offset, n_frames);
}

static snd_pcm_sframes_t take_copied(alsa_source *from, snd_pcm_uframes_t n_ahead)
{
    const snd_pcm_uframes_t n_most =
        n_ahead < from->scratch_frames ? n_ahead : from->scratch_frames;
    const snd_pcm_sframes_t n_frames = vpi_snd.pcm_readi(from->pcm.pcm, from->scratch, n_most);
    if (n_frames > 0) {
        vpi_queue_write(from->base.queue, from->scratch, (size_t)n_frames);
        vpi_wipe(from->scratch, (size_t)n_frames * vpi_frame_bytes(&from->base.format));
    }
    return n_frames;
}

/* The card came round and overwrote what was not read. A stretch behind it is in danger, too. */
static snd_pcm_sframes_t skip_overwritten(alsa_source *from, snd_pcm_sframes_t n_ahead)
{
    const size_t in_danger = from->pcm.buffer_frames / 8 > 2 * from->pcm.period_frames
                                 ? from->pcm.buffer_frames / 8
                                 : 2 * from->pcm.period_frames;
    const size_t n_kept =
        from->pcm.buffer_frames > in_danger ? from->pcm.buffer_frames - in_danger : 0;
    const snd_pcm_sframes_t n_skipped = n_ahead - (snd_pcm_sframes_t)n_kept;
    const snd_pcm_sframes_t done = vpi_snd.pcm_forward(from->pcm.pcm, (snd_pcm_uframes_t)n_skipped);
    if (done != n_skipped)
        return done < 0 ? done : -EIO;
    vpi_queue_lose(from->base.queue, (uint64_t)n_skipped);
    return n_skipped;
}

/* Everything that is there. Gives how many frames that was, or a negative error. */
static snd_pcm_sframes_t take(alsa_source *from)
{
    snd_pcm_sframes_t n_ahead = look(from), n_done = 0;
    if (n_ahead > (snd_pcm_sframes_t)from->pcm.buffer_frames) {
        n_done = skip_overwritten(from, n_ahead);
        if (n_done < 0)
            return n_done;
        n_ahead -= n_done;
        count(from, n_done);
    }
    if (n_ahead < 0)
        return n_ahead;
    while (n_ahead > 0) {
        const snd_pcm_sframes_t n = from->pcm.is_mmap
                                        ? take_mapped(from, (snd_pcm_uframes_t)n_ahead)
                                        : take_copied(from, (snd_pcm_uframes_t)n_ahead);
        if (n == 0 || n == -EAGAIN)
            break;
        if (n < 0)
            return n;
        n_ahead -= n;
        n_done += n;
        count(from, n);
    }
    return n_done;
}

/* The card stopped although it should run on: start it again, and tell how long it stood. Why it cannot go on;
 * NULL when it does. */
static const char *restart(alsa_source *from)
{
    snd_pcm_status_t *status;
    struct timespec stamp = {0, 0};
    VPI_SND_ALLOCA(pcm_status, &status);
    if (++from->n_restarts > N_RESTARTS_MAX || vpi_snd.pcm_prepare(from->pcm.pcm) < 0 ||
        vpi_snd.pcm_start(from->pcm.pcm) < 0)
        return "it stopped and does not start again";
    if (vpi_snd.pcm_status(from->pcm.pcm, status) == 0)
        vpi_snd.pcm_status_get_trigger_htstamp(status, &stamp);
    run_clock(from);
    int64_t started_ns = nanoseconds(&stamp);
    if (started_ns <= from->known_ns || started_ns > from->looked_ns)
        started_ns = from->looked_ns;
    const int64_t n_lost = from->n_known + frames_in(from, started_ns - from->known_ns);
    if (!is_possible(from, n_lost))
        return TOO_MANY_TEXT;
    if (n_lost > 0)
        vpi_queue_lose(from->base.queue, (uint64_t)n_lost);
    start_clock(from);
    from->known_ns = started_ns;
    allow_waits(from, N_WAITS_STARTING);
    return NULL;
}

/* Why the device counts as lost; NULL when it goes on. */
static const char *trouble(alsa_source *from, int error)
{
    if (error == TOO_MANY)
        return TOO_MANY_TEXT;
    const snd_pcm_state_t state = vpi_snd.pcm_state(from->pcm.pcm);
    if (error == -ENODEV || error == -ENOTTY || error == -EBADFD ||
        state == SND_PCM_STATE_DISCONNECTED)
        return "it was taken away";
    if (error == -ESTRPIPE || state == SND_PCM_STATE_SUSPENDED)
        return "it was put to sleep";
    if (error == -EPIPE || state == SND_PCM_STATE_XRUN)
        return restart(from);
    if (error < 0)
        return "it cannot be read any more";
    return state == SND_PCM_STATE_RUNNING ? NULL : "it stopped";
}

/* Wait for the card, or to be woken; false when its descriptors tell of trouble. */
static bool wait_for_card(alsa_source *from, bool has_frames)
{
    unsigned short events = 0;
    /* Descriptors that are always ready keep nobody spinning. */
    const nfds_t n_polled = has_frames ? from->n_polled + 1 : 1;
    if (poll(from->polled, n_polled, WAIT_MS) <= 0 || n_polled == 1)
        return true;
    if (vpi_snd.pcm_poll_descriptors_revents(
            from->pcm.pcm, from->polled + 1, from->n_polled, &events) < 0)
        return false;
    return !(events & (POLLERR | POLLHUP | POLLNVAL));
}

static void *capture(void *user)
{
    alsa_source *from = user;
    const char *lost = NULL;
    bool has_frames = true;
    vpi_alsa_messages_begin();
    allow_waits(from, N_WAITS_STARTING);
    while (!lost && !atomic_load(&from->quit)) {
        const bool is_well = wait_for_card(from, has_frames);
        const snd_pcm_sframes_t n = take(from);
        has_frames = n > 0;
        if (n < 0)
            lost = trouble(from, (int)n);
        else if (!is_well)
            lost = trouble(
                from, vpi_snd.pcm_state(from->pcm.pcm) == SND_PCM_STATE_XRUN ? -EPIPE : -EIO);
        else if (n == 0 && from->n_waits_left-- == 0)
            lost = "it gives no more frames";
        if (n > 0) {
            allow_waits(from, N_WAITS_RUNNING);
            from->n_restarts = 0;
        }
    }
    if (lost) {
        vpi_queue_end(from->base.queue, VPRIV_E_DEVICE_LOST, lost);
        (void)vpi_snd.pcm_drop(from->pcm.pcm);
    }
    vpi_alsa_messages_end();
    return NULL;
}

static vpriv_status begin_polling(alsa_source *from)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const int n = vpi_snd.pcm_poll_descriptors_count(from->pcm.pcm);
    VPI_ENSURE(n > 0 && n <= N_POLL_MAX, VPRIV_E_UNSUPPORTED, "has %d descriptors to wait for", n);
    from->polled[0] = (struct pollfd){.fd = from->wake, .events = POLLIN};
    from->n_polled = (unsigned)n;
    VPI_ENSURE(vpi_snd.pcm_poll_descriptors(from->pcm.pcm, from->polled + 1, (unsigned)n) == n,
        VPRIV_E_IO, "has no descriptors to wait for");
    st = VPRIV_OK;
out:
    return st;
}

static void close_device(alsa_source *from)
{
    vpi_alsa_pcm_close(&from->pcm);
    vpi_secret_free(from->scratch);
    from->scratch = NULL;
}

static vpriv_status open_device(alsa_source *from)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_alsa_pcm_open(&from->request, &from->pcm));
    VPI_ENSURE(!from->request.is_exact || strcmp(from->pcm.card, from->card) == 0,
        VPRIV_E_DEVICE_LOST, "is another card now");
    if (!from->pcm.is_mmap) {
        from->scratch_frames = from->pcm.period_frames;
        VPI_TRY(vpi_secret_alloc(
            from->scratch_frames * vpi_frame_bytes(&from->pcm.format), (void **)&from->scratch));
    }
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK)
        close_device(from);
    return st;
}

static vpriv_status alsa_start(vpriv_source *source)
{
    alsa_source *from = (alsa_source *)source;
    vpriv_status st = VPRIV_E_INTERNAL;
    uint64_t ignored;
    VPI_TRY(open_device(from));
    vpi_queue_reset(from->base.queue);
    VPI_TRY(begin_polling(from));
    const int error = vpi_snd.pcm_start(from->pcm.pcm);
    VPI_ENSURE(error == 0, error == -ENODEV ? VPRIV_E_DEVICE_LOST : VPRIV_E_IO,
        "does not start: %s", vpi_snd.strerror(error));
    start_clock(from);
    from->n_restarts = 0;
    (void)!read(from->wake, &ignored, sizeof ignored);
    atomic_store(&from->quit, false);
    VPI_ENSURE(pthread_create(&from->thread, NULL, capture, from) == 0, VPRIV_E_MEMORY,
        "no thread to capture on");
    from->has_thread = true;
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK)
        close_device(from);
    return st;
}

static void alsa_stop(vpriv_source *source)
{
    alsa_source *from = (alsa_source *)source;
    const uint64_t one = 1;
    if (from->has_thread) {
        atomic_store(&from->quit, true);
        (void)!write(from->wake, &one, sizeof one);
        pthread_join(from->thread, NULL);
        from->has_thread = false;
    }
    if (from->pcm.pcm)
        (void)vpi_snd.pcm_drop(from->pcm.pcm);
    close_device(from);
    vpi_queue_reset(source->queue);
}

static void alsa_close(vpriv_source *source)
{
    alsa_source *from = (alsa_source *)source;
    if (from->wake >= 0)
        close(from->wake);
    vpi_source_free(source);
}

static const vpi_source_table alsa_table = {
    .name = "alsa",
    .start = alsa_start,
    .read = vpi_source_read_queue,
    .stop = alsa_stop,
    .close = alsa_close,
};

/* Opened once for its format, and closed: it captures nothing before start. */
static vpriv_status learn_format(alsa_source *from)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(open_device(from));
    memcpy(from->card, from->pcm.card, sizeof from->card);
    from->base.format = from->pcm.format;
    from->request.wanted = from->pcm.format;
    from->request.is_exact = true;
    st = VPRIV_OK;
out:
    close_device(from);
    return st;
}

vpriv_status vpi_alsa_open(
    const char *device, const vpriv_capture_options *options, vpriv_source **source_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    alsa_source *from = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *from, (void **)&from));
    from->base.table = &alsa_table;
    from->base.total_frames = VPI_FRAMES_UNKNOWN;
    from->wake = -1;
    VPI_TRY(vpi_source_set_name(&from->base, "alsa", device[0] ? device : "default"));
    snprintf(from->name, sizeof from->name, "%s", device[0] ? device : "default");
    from->request = (vpi_alsa_request){
        .name = from->name, .wanted = options->wanted, .allow_non_card = options->allow_non_card};
    from->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    VPI_ENSURE(from->wake >= 0, VPRIV_E_MEMORY, "no descriptor to wake the capturing thread");
    st = learn_format(from);
    if (st != VPRIV_OK) {
        st = vpi_fail_in(st, from->base.name);
        goto out;
    }
    st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_queue_create(&from->base.format, options->buffer_ms, &from->base.queue));
    *source_out = &from->base;
    from = NULL;
    st = VPRIV_OK;
out:
    if (from)
        alsa_close(&from->base);
    return st;
}
