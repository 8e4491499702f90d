#include "capture/alsa_library.h"
#include "config.h"

vpi_snd_functions vpi_snd;

vpriv_status vpi_snd_load(void)
{
    static const char *const names[] = {
#define X(name) "snd_" #name,
        VPI_ALSA_FUNCTIONS(X)
#undef X
    };
    static vpi_library library = {.name = VPI_ALSA_LIBRARY,
        .package = "libasound2",
        .functions = names,
        .n_functions = sizeof names / sizeof *names,
        .table = &vpi_snd};
    _Static_assert(sizeof vpi_snd == sizeof names, "a pointer for each name");
    return vpi_library_load(&library);
}
