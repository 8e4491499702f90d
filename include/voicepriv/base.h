/** @file base.h
 *  Status codes, versions and error texts: what every other header builds on.
 *
 *      vpriv_status st = vpriv_vault_open(path, root, NULL, &vault);
 *      if (st != VPRIV_OK)
 *          fprintf(stderr, "%s: %s\n", vpriv_status_text(st), vpriv_error_detail());
 */
#ifndef VOICEPRIV_BASE_H
#define VOICEPRIV_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_VERSION_MAJOR 0
#define VPRIV_VERSION_MINOR 1
#define VPRIV_VERSION_PATCH 0
#define VPRIV_VERSION_TEXT  "0.1.0"

#if defined(__GNUC__)
#define VPRIV_API        __attribute__((visibility("default")))
#define VPRIV_MUST_CHECK __attribute__((warn_unused_result))
#else
#define VPRIV_API
#define VPRIV_MUST_CHECK
#endif

/** What a call came to. 0 is good, every failure is negative. doc/errors.md explains each. */
typedef enum vpriv_status {
    VPRIV_OK = 0,
    VPRIV_E_INTERNAL = -1,  /**< a call did not finish and did not say why */
    VPRIV_E_ARG = -2,       /**< an argument is outside what the call accepts */
    VPRIV_E_MEMORY = -3,    /**< no memory, or memory could not be locked */
    VPRIV_E_IO = -4,        /**< the operating system refused a read or a write */
    VPRIV_E_FULL = -5,      /**< no space left on the disk */
    VPRIV_E_BUSY = -6,      /**< another process held the vault for too long */
    VPRIV_E_FORMAT = -7,    /**< not a file of this kind, or malformed input */
    VPRIV_E_VERSION = -8,   /**< written by a newer version of this library */
    VPRIV_E_AUTH = -9,      /**< data was changed, cut, moved or is not ours; never says which */
    VPRIV_E_ROLLBACK = -10, /**< the vault file is older than its root store, or the reverse */
    VPRIV_E_ROOT = -11,     /**< the root store is missing, unusable or of another vault */
    VPRIV_E_CONSENT = -12, /**< no consent for this; vpriv_deny_text() says which part is missing */
    VPRIV_E_NOT_FOUND = -13,   /**< no such file, recording, subject or notice */
    VPRIV_E_EXISTS = -14,      /**< something of that name is there already */
    VPRIV_E_STATE = -15,       /**< not possible in the present state of the handle or record */
    VPRIV_E_UNSUPPORTED = -16, /**< a valid request that this build or format does not serve */
    VPRIV_E_LIMIT = -17,       /**< larger than a documented limit */
    VPRIV_E_NO_KEY = -18,      /**< the keyring does not hold the key this needs */
    VPRIV_E_DEVICE_LOST = -19, /**< the microphone went away */
    VPRIV_E_ERASED = -20,      /**< the recording was erased; only its tombstone is left */
    VPRIV_E_CANCELLED = -21,   /**< a callback asked to stop */
} vpriv_status;

/** Name a status in one short English phrase.
 *  @param      status  any value; unknown ones get a phrase of their own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_status_text(vpriv_status status);

/** The longest text of vpriv_error_detail(), the final NUL included. */
#define VPRIV_DETAIL_BYTES 512

/** Say what exactly was wrong in this thread's latest failing call, for people and log files.
 *  It names files, fields and limits; it never contains keys, samples, names or transcripts, and
 *  never says why an authentication failed.
 *  @return     text, never NULL; empty when there is nothing to add
 *  Owns:     the library owns the text; it lives until this thread's next call into the library
 *  Threads:  any; each thread sees its own      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_error_detail(void);

/** Give the version of the library that is running (compare VPRIV_VERSION_TEXT, that of the
 * headers).
 *  @return     static text such as "0.1.0"
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_version(void);

/** Tell which instruction set the sound kernels use in this process: "c", "sse2", "avx2" or "avx512"
 *  on x86, "c" or "neon" on 64-bit ARM. Chosen once, at the first use of any kernel: the best that
 *  processor and operating system run, or what the environment variable VPRIV_CPU names (a name this
 *  machine cannot run means "c"). Every level gives the same samples, bit for bit.
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: no (the first call chooses)      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_cpu_level(void);

#ifdef __cplusplus
}
#endif
#endif
