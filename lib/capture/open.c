#include "base/try.h"
#include "capture/backend.h"
#include "capture/source.h"
#include "config.h"
#include <stdio.h>
#include <string.h>

static vpriv_status open_file(
    const char *device, const vpriv_capture_options *options, vpriv_source **source_out)
{
    (void)options;
    /* "file:-" is a file of that name; standard input is "-" alone. */
    return vpriv_capture_file_open(strcmp(device, "-") == 0 ? "./-" : device, source_out);
}

static vpriv_status open_standard_input(
    const char *device, const vpriv_capture_options *options, vpriv_source **source_out)
{
    (void)device, (void)options;
    return vpriv_capture_file_open("-", source_out);
}

const vpi_backend vpi_backends[] = {
    {.name = "file", .needs_device = true, .open = open_file},
    {.name = "-", .takes_no_device = true, .open = open_standard_input},
    {.name = "alsa",
        .build_switch = "--with-alsa",
#ifdef HAVE_ALSA
        .open = vpi_alsa_open,
        .list = vpi_alsa_list,
        .watch = &vpi_alsa_watch
#endif
    },
    {.name = "pulse",
        .build_switch = "--with-pulse",
#ifdef HAVE_PULSE
        .open = vpi_pulse_open,
        .list = vpi_pulse_list,
        .watch = &vpi_pulse_watch
#endif
    },
};
const size_t vpi_n_backends = sizeof vpi_backends / sizeof vpi_backends[0];

vpriv_status vpi_source_set_name(vpriv_source *source, const char *kind, const char *device)
{
    const int n = snprintf(source->name, sizeof source->name, "%s:%s", kind, device);
    if (n < 0 || (size_t)n >= sizeof source->name)
        return vpi_fail(VPRIV_E_LIMIT, "the name of a device has more than %zu bytes",
            sizeof source->name - strlen(kind) - 2);
    return VPRIV_OK;
}

static const vpi_backend *find_backend(const char *input, size_t n_kind)
{
    for (size_t i = 0; i < vpi_n_backends; i++)
        if (strlen(vpi_backends[i].name) == n_kind &&
            strncmp(vpi_backends[i].name, input, n_kind) == 0)
            return &vpi_backends[i];
    return NULL;
}

/* Fields of `wanted` that are 0 have no preference. */
static vpriv_status check_options(const vpriv_capture_options *options)
{
    const vpriv_stream_format *wanted = &options->wanted;
    const vpriv_stream_format filled = {
        wanted->sample_format ? wanted->sample_format : VPRIV_SAMPLE_S16,
        wanted->rate_hz ? wanted->rate_hz : VPRIV_RATE_MIN_HZ,
        wanted->n_channels ? wanted->n_channels : 1};
    if (options->struct_size != sizeof *options)
        return vpi_fail(VPRIV_E_ARG, "vpriv_capture_options.struct_size is not set");
    if (options->buffer_ms > VPRIV_PUSH_BUFFER_MAX_MS)
        return vpi_fail(VPRIV_E_ARG, "buffer of %u ms, over the limit of %u", options->buffer_ms,
            VPRIV_PUSH_BUFFER_MAX_MS);
    return vpi_stream_format_check(&filled);
}

vpriv_status vpriv_capture_open(
    const char *input, const vpriv_capture_options *options, vpriv_source **source_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_capture_options defaults = {.struct_size = sizeof defaults};
    vpi_fail_clear();
    VPI_ENSURE(input && source_out, VPRIV_E_ARG, "opening a source needs its name and an output");
    if (!options)
        options = &defaults;
    VPI_TRY(check_options(options));
    const size_t n_kind = strcspn(input, ":");
    const bool has_device = input[n_kind] && input[n_kind + 1];
    const vpi_backend *backend = find_backend(input, n_kind);
    VPI_ENSURE(backend && (has_device ? !backend->takes_no_device
                                      : !input[n_kind] && !backend->needs_device),
        VPRIV_E_ARG, "'%.200s' is no source: file:PATH, -, alsa:NAME, pulse or pulse:NAME", input);
    VPI_ENSURE(backend->open, VPRIV_E_UNSUPPORTED,
        "this build has no %s source: it was configured without %s", backend->name,
        backend->build_switch);
    VPI_TRY(backend->open(has_device ? input + n_kind + 1 : "", options, source_out));
    st = VPRIV_OK;
out:
    return st;
}

/* One more kind that could not tell its devices. What may be otherwise the next time counts more than
 * what will not. */
static vpriv_status also_failed(vpriv_status before, vpriv_status now, char *texts)
{
    const size_t n = strlen(texts);
    snprintf(texts + n, VPI_DETAIL_BYTES - n, "%s%s", n > 0 ? "; " : "", vpriv_error_detail());
    return before == VPRIV_OK || before == VPRIV_E_UNSUPPORTED ? now : before;
}

vpriv_status vpriv_capture_list(vpriv_capture_device_fn fn, void *user)
{
    vpriv_status st = VPRIV_OK;
    char texts[VPI_DETAIL_BYTES] = "";
    vpi_fail_clear();
    if (!fn)
        return vpi_fail(VPRIV_E_ARG, "listing devices needs a function to tell them to");
    /* What one kind cannot tell does not keep the others from being listed. */
    for (size_t i = 0; i < vpi_n_backends; i++) {
        const vpriv_status listed =
            vpi_backends[i].list ? vpi_backends[i].list(fn, user) : VPRIV_OK;
        if (listed == VPRIV_E_CANCELLED)
            break;
        if (listed != VPRIV_OK && listed != VPRIV_E_NOT_FOUND)
            st = also_failed(st, listed, texts);
    }
    return st == VPRIV_OK ? VPRIV_OK : vpi_fail(st, "%s", texts);
}
