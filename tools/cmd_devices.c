/* devices. */
#include "json.h"
#include <stdio.h>
#include <string.h>

#define ABILITY_TEXT_BYTES 64

static void range_format(uint32_t min, uint32_t max, const char *unit, char *text_out)
{
    if (max == 0)
        snprintf(text_out, ABILITY_TEXT_BYTES, "? %s", unit);
    else if (min == max)
        snprintf(text_out, ABILITY_TEXT_BYTES, "%u %s", max, unit);
    else
        snprintf(text_out, ABILITY_TEXT_BYTES, "%u-%u %s", min, max, unit);
}

/* Descriptions come from the hardware: nothing in them may steer a terminal. */
static void print_clean(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

static bool print_device(void *user, const vpriv_capture_device *device)
{
    char rates[ABILITY_TEXT_BYTES], channels[ABILITY_TEXT_BYTES];
    size_t *n_devices = user;
    range_format(device->rate_min_hz, device->rate_max_hz, "Hz", rates);
    range_format(device->n_channels_min, device->n_channels_max, "ch", channels);
    print_clean(device->input);
    printf("\t%s\t%s\t%s\t",
        device->is_monitor   ? "monitor"
        : device->is_default ? "default"
                             : "-",
        rates, channels);
    print_clean(device->description);
    putchar('\n');
    (*n_devices)++;
    return true;
}

static bool add_device(void *user, const vpriv_capture_device *device)
{
    json_t *entry = json_pack("{so, so, sI, sI, sI, sI, sb, sb}", "input", json_text(device->input),
        "description", json_text(device->description), "rate_min_hz",
        (json_int_t)device->rate_min_hz, "rate_max_hz", (json_int_t)device->rate_max_hz,
        "n_channels_min", (json_int_t)device->n_channels_min, "n_channels_max",
        (json_int_t)device->n_channels_max, "is_default", device->is_default, "is_monitor",
        device->is_monitor);
    json_t *list = user;
    return json_array_append_new(list, entry) == 0;
}

exit_code command_devices(const tool_arguments *arguments)
{
    size_t n_devices = 0;
    exit_code code = EXIT_GOOD;
    vpriv_status st;
    if (option_given(arguments, OPTION_JSON)) {
        json_t *list = json_array();
        st = vpriv_capture_list(add_device, list);
        code = json_print(arguments, json_pack("{so}", "devices", list));
    } else {
        st = vpriv_capture_list(print_device, &n_devices);
        if (st == VPRIV_OK && n_devices == 0)
            tool_note(arguments, "there is no microphone");
    }
    return st == VPRIV_OK ? code : tool_failed(arguments, NULL, st);
}
