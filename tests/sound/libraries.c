/* An application with the shared library, which tells after each step whether libasound and libpulse
 * are in its memory:
 *
 *     libraries STEP...      push, list, watch, or what vpriv_capture_open takes
 *
 * A line for each: the step, asound or -, pulse or -, the status, and the text of an error. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <voicepriv/capture.h>

static bool is_mapped(const char *library)
{
    char line[512];
    bool found = false;
    FILE *file = fopen("/proc/self/maps", "r");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        found = found || strstr(line, library);
    fclose(file);
    return found;
}

static vpriv_status push(void)
{
    static const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 48000, 1};
    static const int16_t frames[480];
    vpriv_source *source = NULL;
    size_t n = 0;
    vpriv_status st = vpriv_capture_push_open(&format, 0, &source);
    if (st == VPRIV_OK)
        st = vpriv_capture_push_write(source, frames, 480, &n);
    vpriv_capture_close(source);
    return st;
}

static bool tell_device(void *user, const vpriv_capture_device *device)
{
    (void)user;
    printf("device %s\n", device->input);
    return true;
}

static void tell_change(void *user, vpriv_device_change change, const vpriv_capture_device *device)
{
    (void)change;
    const char c = device->input[0];
    (void)!write(*(int *)user, &c, 1);
}

/* Until the first device is told. */
static vpriv_status watch(void)
{
    vpriv_capture_watch *opened = NULL;
    int ends[2];
    char c = 0;
    if (pipe(ends) != 0)
        return VPRIV_E_IO;
    const vpriv_status st = vpriv_capture_watch_open(tell_change, &ends[1], &opened);
    if (st == VPRIV_OK && read(ends[0], &c, 1) == 1)
        printf("watched %c\n", c);
    vpriv_capture_watch_close(opened);
    return st;
}

static vpriv_status open_source(const char *name)
{
    const vpriv_capture_options options = {.struct_size = sizeof options, .allow_non_card = true};
    vpriv_source *source = NULL;
    const vpriv_status st = vpriv_capture_open(name, &options, &source);
    vpriv_capture_close(source);
    return st;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        const vpriv_status st = strcmp(argv[i], "push") == 0 ? push()
                                : strcmp(argv[i], "list") == 0
                                    ? vpriv_capture_list(tell_device, NULL)
                                : strcmp(argv[i], "watch") == 0 ? watch()
                                                                : open_source(argv[i]);
        printf("%s %s %s %d %s\n", argv[i], is_mapped("/libasound.so") ? "asound" : "-",
            is_mapped("/libpulse.so") ? "pulse" : "-", (int)st,
            st == VPRIV_OK ? "" : vpriv_error_detail());
    }
    return 0;
}
