#include "base/library.h"
#include "base/try.h"
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static vpriv_status refuse(const vpi_library *library)
{
    const char *why = dlerror();
    return vpi_fail(VPRIV_E_UNSUPPORTED,
        "needs %s, which cannot be loaded (Debian's package %s has it): %s", library->name,
        library->package, why ? why : "no reason given");
}

static vpriv_status fill_table(const vpi_library *library, void *handle)
{
    for (size_t i = 0; i < library->n_functions; i++) {
        void *address = dlsym(handle, library->functions[i]);
        if (!address)
            return refuse(library);
        /* C has no conversion from a pointer to data to one to a function. */
        memcpy((char *)library->table + i * sizeof address, &address, sizeof address);
    }
    return VPRIV_OK;
}

static vpriv_status load(vpi_library *library)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    void *handle = dlopen(library->name, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return refuse(library);
    VPI_TRY(fill_table(library, handle));
    library->is_loaded = true;
    handle = NULL;
    st = VPRIV_OK;
out:
    if (handle)
        dlclose(handle);
    return st;
}

vpriv_status vpi_library_load(vpi_library *library)
{
    pthread_mutex_lock(&lock);
    const vpriv_status st = library->is_loaded ? VPRIV_OK : load(library);
    pthread_mutex_unlock(&lock);
    return st;
}
