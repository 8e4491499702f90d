#include "waiting.h"
#include <time.h>

#define MOST_MS 10000

void nap(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

bool waited_for(const vpriv_recorder *recorder, vpriv_recorder_state state)
{
    for (int i = 0; i < MOST_MS && vpriv_recorder_state_now(recorder) != state; i++)
        nap(1);
    return vpriv_recorder_state_now(recorder) == state;
}

bool waited_until_read(const vpriv_source *source, size_t all)
{
    for (int i = 0; i < MOST_MS && vpriv_capture_push_space(source) < all; i++)
        nap(1);
    return vpriv_capture_push_space(source) >= all;
}
