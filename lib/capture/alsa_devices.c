#include "base/memory.h"
#include "base/try.h"
#include "capture/alsa_pcm.h"
#include "capture/backend.h"
#include "capture/source.h"
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define DEVICES_FOLDER "/dev/snd"

/* What it can do, as far as it says so without being in use. */
static void ask_abilities(const char *name, vpriv_capture_device *device)
{
    snd_pcm_t *pcm = NULL;
    snd_pcm_hw_params_t *hardware;
    VPI_SND_ALLOCA(pcm_hw_params, &hardware);
    if (vpi_snd.pcm_open(&pcm, name, SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK) < 0)
        return;
    if (vpi_snd.pcm_hw_params_any(pcm, hardware) >= 0) {
        (void)vpi_snd.pcm_hw_params_get_rate_min(hardware, &device->rate_min_hz, NULL);
        (void)vpi_snd.pcm_hw_params_get_rate_max(hardware, &device->rate_max_hz, NULL);
        (void)vpi_snd.pcm_hw_params_get_channels_min(hardware, &device->n_channels_min);
        (void)vpi_snd.pcm_hw_params_get_channels_max(hardware, &device->n_channels_max);
    }
    vpi_snd.pcm_close(pcm);
}

/* One capture device of a card. */
static bool tell_device(snd_ctl_t *control, snd_ctl_card_info_t *card, int number, bool is_default,
    vpriv_capture_device_fn fn, void *user)
{
    char input[VPI_SOURCE_NAME_BYTES], description[VPI_SOURCE_NAME_BYTES];
    snd_pcm_info_t *info;
    VPI_SND_ALLOCA(pcm_info, &info);
    vpi_snd.pcm_info_set_device(info, (unsigned)number);
    vpi_snd.pcm_info_set_subdevice(info, 0);
    vpi_snd.pcm_info_set_stream(info, SND_PCM_STREAM_CAPTURE);
    if (vpi_snd.ctl_pcm_info(control, info) < 0)
        return true; /* it only plays */
    snprintf(
        input, sizeof input, "alsa:hw:CARD=%s,DEV=%d", vpi_snd.ctl_card_info_get_id(card), number);
    snprintf(description, sizeof description, "%s, %s", vpi_snd.ctl_card_info_get_name(card),
        vpi_snd.pcm_info_get_name(info));
    vpriv_capture_device device = {.struct_size = sizeof device,
        .input = input,
        .description = description,
        .is_default = is_default};
    ask_abilities(input + strlen("alsa:"), &device);
    return fn(user, &device);
}

static bool tell_card(
    int number, long default_card, long default_device, vpriv_capture_device_fn fn, void *user)
{
    char name[32];
    snd_ctl_t *control = NULL;
    snd_ctl_card_info_t *card;
    bool go_on = true;
    VPI_SND_ALLOCA(ctl_card_info, &card);
    snprintf(name, sizeof name, "hw:%d", number);
    if (vpi_snd.ctl_open(&control, name, SND_CTL_NONBLOCK) < 0)
        return true; /* it went away just now */
    if (vpi_snd.ctl_card_info(control, card) == 0)
        for (int device = -1;
             go_on && vpi_snd.ctl_pcm_next_device(control, &device) == 0 && device >= 0;)
            go_on = tell_device(control, card, device,
                number == default_card && device == default_device, fn, user);
    vpi_snd.ctl_close(control);
    return go_on;
}

static long read_number(snd_config_t *all, const char *key)
{
    snd_config_t *node = NULL;
    long number = 0;
    if (vpi_snd.config_search(all, key, &node) < 0 || vpi_snd.config_get_integer(node, &number) < 0)
        return 0;
    return number;
}

vpriv_status vpi_alsa_list(vpriv_capture_device_fn fn, void *user)
{
    snd_config_t *all = NULL;
    snd_config_update_t *files = NULL;
    bool go_on = true;
    const vpriv_status st = vpi_snd_load();
    if (st != VPRIV_OK)
        return vpi_fail_in(st, "alsa");
    vpi_alsa_messages_begin();
    if (vpi_snd.config_update_r(&all, &files, NULL) >= 0 && all) {
        const long default_card = read_number(all, "defaults.pcm.card");
        const long default_device = read_number(all, "defaults.pcm.device");
        for (int card = -1; go_on && vpi_snd.card_next(&card) == 0 && card >= 0;)
            go_on = tell_card(card, default_card, default_device, fn, user);
    }
    if (files)
        vpi_snd.config_update_free(files);
    if (all)
        vpi_snd.config_delete(all);
    vpi_alsa_messages_end();
    return go_on ? VPRIV_OK : VPRIV_E_CANCELLED;
}

/* The kernel makes and removes files in /dev/snd. The folder itself comes with the first card: until
 * then it is looked for each time. */
typedef struct alsa_watch {
    int inotify;
    bool has_folder;
} alsa_watch;

static bool has_news(void **state)
{
    alsa_watch *watch = *state;
    char events[4096];
    bool found = false;
    if (!watch) {
        if (vpi_alloc(1, sizeof *watch, (void **)&watch) != VPRIV_OK)
            return false;
        watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        *state = watch;
    }
    while (read(watch->inotify, events, sizeof events) > 0)
        found = true;
    const bool has_folder = inotify_add_watch(watch->inotify, DEVICES_FOLDER,
                                IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR) >= 0;
    found = found || has_folder != watch->has_folder;
    watch->has_folder = has_folder;
    return found;
}

static void end_watch(void *state)
{
    alsa_watch *watch = state;
    if (watch->inotify >= 0)
        close(watch->inotify);
    free(watch);
}

const vpi_device_watch vpi_alsa_watch = {.has_news = has_news, .end = end_watch};
