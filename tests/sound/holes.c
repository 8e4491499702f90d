/* Preloaded in front of libpulse: every N-th piece that a server gives (HOLES=N) becomes a hole of the
 * same length, as a server reports what it lost. No server can be made to lose on demand. */
#include <dlfcn.h>
#include <pulse/pulseaudio.h>
#include <stdlib.h>

#pragma GCC visibility push(default)
int pa_stream_peek(pa_stream *stream, const void **data, size_t *nbytes);
#pragma GCC visibility pop

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
