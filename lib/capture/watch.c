/* Devices that come and go: whenever a kind of source has news, everything is listed anew and compared
 * with what was there before. */
#include "base/memory.h"
#include "base/try.h"
#include "capture/backend.h"
#include "capture/source.h"
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_MS     250
#define N_KINDS_MAX 8

typedef struct known_device {
    vpriv_capture_device device; /* its texts point below */
    char input[VPI_SOURCE_NAME_BYTES];
    char description[VPI_SOURCE_NAME_BYTES];
} known_device;

typedef struct device_list {
    known_device **items; /* each one its own: what is told must not move */
    size_t n;
    size_t capacity;
    bool failed;
} device_list;

struct vpriv_capture_watch {
    vpriv_device_change_fn fn;
    void *user;
    pthread_t thread;
    int wake;
    void *states[N_KINDS_MAX];
    device_list known;
};

static void clear(device_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (device_list){0};
}

static bool add(void *user, const vpriv_capture_device *device)
{
    device_list *list = user;
    known_device *item = NULL;
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 16;
        known_device **items = realloc(list->items, capacity * sizeof *items);
        list->failed = !items;
        if (!items)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->failed = vpi_alloc(1, sizeof *item, (void **)&item) != VPRIV_OK;
    if (list->failed)
        return false;
    item->device = *device;
    snprintf(item->input, sizeof item->input, "%s", device->input);
    snprintf(item->description, sizeof item->description, "%s", device->description);
    item->device.input = item->input;
    item->device.description = item->description;
    list->items[list->n++] = item;
    return true;
}

static const known_device *find(const device_list *list, const char *input)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i]->input, input) == 0)
            return list->items[i];
    return NULL;
}

/* What is gone first, so that a device with a new number is not told twice at once. */
static void tell_changes(vpriv_capture_watch *watch, const device_list *now)
{
    for (size_t i = 0; i < watch->known.n; i++)
        if (!find(now, watch->known.items[i]->input))
            watch->fn(watch->user, VPRIV_DEVICE_GONE, &watch->known.items[i]->device);
    for (size_t i = 0; i < now->n; i++) {
        const known_device *before = find(&watch->known, now->items[i]->input);
        if (!before)
            watch->fn(watch->user, VPRIV_DEVICE_APPEARED, &now->items[i]->device);
        else if (before->device.is_default != now->items[i]->device.is_default)
            watch->fn(watch->user, VPRIV_DEVICE_DEFAULT, &now->items[i]->device);
    }
}

/* False when it has to be tried again. A kind of source that is not supported here has no devices. */
static bool look(vpriv_capture_watch *watch)
{
    device_list now = {0};
    const vpriv_status st = vpriv_capture_list(add, &now);
    if ((st != VPRIV_OK && st != VPRIV_E_UNSUPPORTED) || now.failed) {
        clear(&now);
        return false;
    }
    tell_changes(watch, &now);
    clear(&watch->known);
    watch->known = now;
    return true;
}

static void *work(void *user)
{
    vpriv_capture_watch *watch = user;
    struct pollfd wake = {.fd = watch->wake, .events = POLLIN};
    bool must_look = true;
    do {
        for (size_t i = 0; i < vpi_n_backends; i++)
            if (vpi_backends[i].watch && vpi_backends[i].watch->has_news(&watch->states[i]))
                must_look = true;
        if (must_look)
            must_look = !look(watch);
    } while (poll(&wake, 1, LOOK_MS) <= 0);
    return NULL;
}

vpriv_status vpriv_capture_watch_open(
    vpriv_device_change_fn fn, void *user, vpriv_capture_watch **watch_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_capture_watch *watch = NULL;
    vpi_fail_clear();
    VPI_ENSURE(fn && watch_out, VPRIV_E_ARG, "a watch needs a function and an output");
    VPI_IMPOSSIBLE_UNLESS(vpi_n_backends <= N_KINDS_MAX);
    VPI_TRY(vpi_alloc(1, sizeof *watch, (void **)&watch));
    watch->fn = fn;
    watch->user = user;
    watch->wake = eventfd(0, EFD_CLOEXEC);
    VPI_ENSURE(watch->wake >= 0, VPRIV_E_MEMORY, "no descriptor for a watch");
    VPI_ENSURE(pthread_create(&watch->thread, NULL, work, watch) == 0, VPRIV_E_MEMORY,
        "no thread for a watch");
    *watch_out = watch;
    watch = NULL;
    st = VPRIV_OK;
out:
    if (watch) {
        if (watch->wake >= 0)
            close(watch->wake);
        free(watch);
    }
    return st;
}

void vpriv_capture_watch_close(vpriv_capture_watch *watch)
{
    const uint64_t one = 1;
    if (!watch)
        return;
    (void)!write(watch->wake, &one, sizeof one);
    pthread_join(watch->thread, NULL);
    for (size_t i = 0; i < vpi_n_backends; i++)
        if (watch->states[i])
            vpi_backends[i].watch->end(watch->states[i]);
    clear(&watch->known);
    close(watch->wake);
    free(watch);
}
