/** @file hub.h
 *  Many recorders in one process: a few worker threads for all of them, one commit for all of them.
 *
 *      vpriv_hub_open(vault, NULL, &hub);                        // up to four workers
 *      for (size_t i = 0; i < n_rooms; i++) {
 *          vpriv_capture_push_open(&format, 200, &room[i].source);
 *          vpriv_recorder_open(vault, room[i].source, &room[i].config, &room[i].recorder);
 *          vpriv_hub_start(hub, room[i].recorder);               // instead of vpriv_recorder_start
 *      }
 *      vpriv_recorder_trigger(room[3].recorder, &trigger);       // as always
 *      vpriv_recorder_confirm(room[3].recorder);
 *      vpriv_recorder_stop(room[3].recorder, &outcome);          // and out of the hub
 *      vpriv_hub_close(hub);                                     // before recorders and vault
 *
 *  A recorder that was started by itself has a thread that looks for sound 200 times a second and makes
 *  a transaction of its own each second. In a hub one timer serves all: at each tick the workers take
 *  what every source has, and what they sealed goes into the vault in one transaction, about as often
 *  as one recorder alone would need one. Everything a recorder promises stays: consent is asked for each
 *  of them inside that transaction, a withdrawal ends the recordings it concerns and no other, and no
 *  sound waits unsealed for longer than its recorder's unsealed_ms.
 *
 *  A source must hold what arrives between two ticks: 20 ms, and while the disk is slow as much as for a
 *  recorder alone. Sound in a recorder and its source is in locked memory (ulimit -l), and so is the stack
 *  of each worker, 96 KB. A hub with four workers and 64 recorders with the defaults, their sources of
 *  200 ms at 48 kHz, mono, take less than 8 MB of it together. */
#ifndef VOICEPRIV_HUB_H
#define VOICEPRIV_HUB_H

#include <voicepriv/recorder.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_HUB_RECORDERS_MAX 256 /**< in one hub */
#define VPRIV_HUB_WORKERS_MAX   64  /**< in one hub */

/** Worker threads that drive many recorders of one vault. */
typedef struct vpriv_hub vpriv_hub;

/** How a hub works. Zero means the default. */
typedef struct vpriv_hub_config {
    size_t struct_size;       /**< sizeof(vpriv_hub_config) */
    uint32_t n_workers;       /**< threads, 1 to 64; one for each processor, but at most four */
    uint32_t n_recorders_max; /**< room for so many at the same time, 1 to 256; 64 */
    uint32_t tick_ms;         /**< how often sources are looked at, 5 to 50; 20 */
} vpriv_hub_config;

/** Make a hub and start its workers. They sleep until a recorder is started in it.
 *  @param      vault    opened with its root store or for capture; stays open longer
 *  @param      config   NULL is all defaults
 *  @param[out] hub_out  to be closed with vpriv_hub_close; untouched on failure
 *  Owns:     the caller owns the hub; the vault is borrowed until it is closed
 *  Threads:  any      Realtime: no (starts threads)      Secrets: none of its own
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a field of config is out of range: the text names it
 *  @retval VPRIV_E_MEMORY no memory, none that can be locked, or no more threads
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_hub_open(
    vpriv_vault *vault, const vpriv_hub_config *config, vpriv_hub **hub_out);

/** Start listening, as vpriv_recorder_start does, but driven by the hub's workers. Trigger, confirm,
 *  reject, stop and close work on the recorder as on any other; stop and close take it out of the hub.
 *  Its progress callback runs on a worker's thread.
 *  @param  hub       an open hub
 *  @param  recorder  an idle recorder, opened on the hub's vault handle
 *  Owns:     borrows both; the recorder is borrowed until it is stopped
 *  Threads:  any for the hub; one call at a time per recorder      Realtime: no      Secrets: locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL, or the recorder is on another vault handle
 *  @retval VPRIV_E_STATE started already, by itself or in a hub, or its source is in use
 *  @retval VPRIV_E_LIMIT the hub is full: n_recorders_max are started in it
 *  @retval VPRIV_E_DEVICE_LOST  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_hub_start(vpriv_hub *hub, vpriv_recorder *recorder);

/** Close a hub. Recorders that are started in it are stopped as by vpriv_recorder_stop: what was
 *  confirmed is kept and durable, what was not leaves nothing. Their outcomes are not told; stop those
 *  whose outcome matters before. The recorders stay open.
 *  @param  hub  NULL is fine
 *  Owns:     frees the hub; vault, recorders and sources stay open
 *  Threads:  no other call on this hub or on recorders in it, and not from a callback
 *  Realtime: no      Secrets: what its recorders held is wiped
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_hub_close(vpriv_hub *hub);

#ifdef __cplusplus
}
#endif
#endif
