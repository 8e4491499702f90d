/* Many recorders on a few workers: who is driven when, and the one transaction for all.
 *
 * Time goes in rounds, one per tick. In a round each recorder is driven by some worker until its source
 * has nothing left; nobody waits for a recorder whose lock somebody else holds, its turn comes again.
 * Whoever ends the round writes what is due, as one group, before the next one begins.
 *
 * A group is due when the oldest of what waits must not wait for another round. Everybody takes part who
 * would be due before the next group can be expected: so recorders that began at different times fall
 * into step, and one that must seal ten times a second does not cut the others' blocks short. */
#ifndef VPI_RECORDER_HUB_H
#define VPI_RECORDER_HUB_H

#include <voicepriv/hub.h>

/* Take a recorder out of its hub: no worker is at it when this returns, nor will be. Without the
 * recorder's lock. */
void vpi_hub_leave(vpriv_recorder *recorder);

#endif
