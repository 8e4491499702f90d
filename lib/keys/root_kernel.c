/* The root record in the kernel's memory: one key of type "user" in the account's user keyring. Updating
 * it is atomic, and the kernel wipes the old payload (keyrings(7)). */
#include "base/file.h"
#include "base/memory.h"
#include "base/try.h"
#include "keys/root.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PREFIX     "voicepriv:"
#define NAME_MAX_N 64
#define KEY_TYPE   "user"

/* Its owner's processes may find, read and change it, whether or not their session has the keyring. */
#define PERMISSIONS 0x3f3f0000U

typedef struct kernel_key {
    char description[sizeof PREFIX + NAME_MAX_N];
} kernel_key;

static vpriv_status refused(const char *what)
{
    const int error = errno;
    if (error == EDQUOT)
        return vpi_fail(VPRIV_E_FULL, "the account's quota of kernel keys is used up");
    if (error == ENOSYS || error == EPERM)
        return vpi_fail(VPRIV_E_UNSUPPORTED, "no kernel keyrings in this kernel or sandbox");
    return vpi_errno_failed(error, what);
}

/* The key's number, or VPRIV_E_NOT_FOUND. */
static vpriv_status find(const kernel_key *key, long *id_out)
{
    const long id =
        syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, KEY_TYPE, key->description, 0);
    *id_out = id;
    if (id >= 0)
        return VPRIV_OK;
    if (errno == ENOKEY || errno == EKEYREVOKED || errno == EKEYEXPIRED)
        return vpi_fail(VPRIV_E_NOT_FOUND, "the kernel has no such key");
    return refused("the kernel key cannot be looked for");
}

static vpriv_status load(void *user, uint8_t *record_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    long id = -1;
    VPI_TRY(find(user, &id));
    const long n = syscall(SYS_keyctl, KEYCTL_READ, id, record_out, VPRIV_ROOT_RECORD_BYTES, 0);
    if (n < 0) {
        st = refused("the kernel key cannot be read");
        goto out;
    }
    VPI_ENSURE(n == VPRIV_ROOT_RECORD_BYTES, VPRIV_E_FORMAT, "the kernel key is no root key");
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    const kernel_key *key = user;
    const long id = syscall(SYS_add_key, KEY_TYPE, key->description, record,
        (size_t)VPRIV_ROOT_RECORD_BYTES, KEY_SPEC_USER_KEYRING);
    if (id < 0)
        return refused("the kernel key cannot be written");
    if (syscall(SYS_keyctl, KEYCTL_SETPERM, id, PERMISSIONS) != 0)
        return refused("the kernel key cannot be closed to others");
    return VPRIV_OK;
}

static vpriv_status destroy(void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    long id = -1;
    VPI_TRY(find(user, &id));
    if (syscall(SYS_keyctl, KEYCTL_INVALIDATE, id) != 0) {
        st = refused("the kernel key cannot be removed");
        goto out;
    }
    st = VPRIV_OK;
out:
    return st;
}

static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const size_t n = name ? strlen(name) : 0;
    return n > 0 && n <= NAME_MAX_N && strspn(name, allowed) == n;
}

vpriv_status vpriv_root_kernel_open(const char *name, vpriv_root_store **store_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    kernel_key *key = NULL;
    long id = -1;
    vpi_fail_clear();
    VPI_ENSURE(is_name(name) && store_out, VPRIV_E_ARG,
        "a kernel key has a name of 1 to %d letters, digits, '.', '_' or '-'", NAME_MAX_N);
    VPI_TRY(vpi_alloc(1, sizeof *key, (void **)&key));
    snprintf(key->description, sizeof key->description, "%s%s", PREFIX, name);
    const vpriv_status found = find(key, &id);
    if (found != VPRIV_E_NOT_FOUND)
        VPI_TRY(found);
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, load, replace, destroy, key};
    VPI_TRY(vpi_root_open(&callbacks, free, store_out));
    key = NULL;
    st = VPRIV_OK;
out:
    free(key);
    return st;
}
