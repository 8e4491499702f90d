#include "capture/pulse_library.h"
#include "config.h"

vpi_pa_functions vpi_pa;

vpriv_status vpi_pa_load(void)
{
    static const char *const names[] = {
#define X(name) "pa_" #name,
        VPI_PULSE_FUNCTIONS(X)
#undef X
    };
    static vpi_library library = {.name = VPI_PULSE_LIBRARY,
        .package = "libpulse0",
        .functions = names,
        .n_functions = sizeof names / sizeof *names,
        .table = &vpi_pa};
    _Static_assert(sizeof vpi_pa == sizeof names, "a pointer for each name");
    return vpi_library_load(&library);
}
