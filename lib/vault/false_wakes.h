/* Triggers that came to nothing: how many of which kind on which day (UTC), and whether there were so
 * many lately that no more are let in. Nothing else is known of them.
 *
 * One row of the capture policy, so that a process without the root can count too; it has the same size
 * whatever is in it. The counts of a day that is over become entries of the log as soon as somebody
 * with the root is at hand. */
#ifndef VPI_VAULT_FALSE_WAKES_H
#define VPI_VAULT_FALSE_WAKES_H

#include "vault/vault.h"

#define VPI_BURST_MAX 64

/* The false wakes of the last hour. */
typedef struct vpi_burst {
    bool is_closed; /* there were too many; until the person acts */
    uint32_t n;
    int64_t times_us[VPI_BURST_MAX];
} vpi_burst;

/* How many of one kind there were on one day. */
typedef struct vpi_day_count {
    uint32_t day; /* since 1970-01-01 */
    vpriv_trigger_kind kind;
    uint32_t n;
} vpi_day_count;
#define VPI_DAY_COUNTS_MAX 64
#define VPI_US_PER_DAY     INT64_C(86400000000)

/* One more. True when it was one too many: more than most_per_hour (1 to VPI_BURST_MAX - 1) within an
 * hour. */
bool vpi_burst_add(vpi_burst *burst, int64_t now_us, uint32_t most_per_hour);

/* A damaged row is passed over where counting is not what matters: nothing is counted then, and triggers
 * that have a limit are refused, until the person acts, which begins a new row. */
/* In the transaction at hand: count one. most_per_hour 0 sets no limit; *closed_out: this was one too
 * many. */
vpriv_status vpi_false_wakes_add(
    vpriv_vault *vault, vpriv_trigger_kind kind, uint32_t most_per_hour, bool *closed_out);
/* In the transaction at hand, with the root: counts of days that are over go into the log. */
vpriv_status vpi_false_wakes_log(vpriv_vault *vault);
/* Whether there are any to speak of; VPRIV_E_AUTH when the row does not open. */
vpriv_status vpi_false_wakes_there(vpriv_vault *vault, bool *there_out);
/* Whether there is anything to be logged. */
vpriv_status vpi_false_wakes_are_due(vpriv_vault *vault, bool *due_out);

/* These take the vault's lock. */
/* The counts that are not in the log yet. */
vpriv_status vpi_false_wakes_read(
    vpriv_vault *vault, vpi_day_count counts_out[VPI_DAY_COUNTS_MAX], uint32_t *n_out);
vpriv_status vpi_false_wakes_closed(vpriv_vault *vault, bool *closed_out);
vpriv_status vpi_false_wakes_reopen(vpriv_vault *vault);

#endif
