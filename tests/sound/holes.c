/* Preloaded, and in front of libpulse: every N-th piece that a server gives (HOLES=N) becomes a hole of
 * the same length, as a server reports what it lost. No server can be made to lose on demand.
 *
 * Whoever asks for libpulse gets this library instead, which has the rest of libpulse behind it. */
#include <dlfcn.h>
#include <pulse/pulseaudio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
void *dlopen(const char *name, int flags);
int pa_stream_peek(pa_stream *stream, const void **data, size_t *nbytes);
extern const char *(*const holes_link_libpulse)(void);
#pragma GCC visibility pop

const char *(*const holes_link_libpulse)(void) = pa_get_library_version;

void *dlopen(const char *name, int flags)
{
    void *(*load)(const char *, int);
    Dl_info own;
    *(void **)&load = dlsym(RTLD_NEXT, "dlopen");
    if (name && strncmp(name, "libpulse.so", 11) == 0 && dladdr(&holes_link_libpulse, &own))
        name = own.dli_fname;
    return load(name, flags);
}

int pa_stream_peek(pa_stream *stream, const void **data, size_t *nbytes)
{
    static unsigned n_calls;
    int (*peek)(pa_stream *, const void **, size_t *);
    const char *every = getenv("HOLES");
    *(void **)&peek = dlsym(RTLD_NEXT, "pa_stream_peek");
    const int status = peek(stream, data, nbytes);
    if (status == 0 && *data && every && ++n_calls % (unsigned)atoi(every) == 0)
        *data = NULL;
    return status;
}
