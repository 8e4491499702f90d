/* Verifying a vault: every row is opened, every link followed. Damage is a finding and the walk goes
 * on; only trouble with the machine (disk, memory, other processes) ends it. */
#ifndef VPI_VAULT_CHECK_H
#define VPI_VAULT_CHECK_H

#include "vault/header.h"

typedef struct vpi_check {
    vpriv_vault *vault;
    vpriv_finding_fn fn;
    void *user;
    bool is_copy; /* taken while others recorded: what waits to be adopted is no finding */
    vpriv_verification result;
} vpi_check;

/* Report something that is off. */
void vpi_check_finding(vpi_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* VPRIV_OK for VPRIV_OK; for damage a finding and VPRIV_OK; other failures are handed on. */
vpriv_status vpi_check_note(vpi_check *check, vpriv_status status, const char *what, int64_t row);

/* With the lock held and a snapshot open. */
vpriv_status vpi_check_file(vpi_check *check);
vpriv_status vpi_check_keys(vpi_check *check);
vpriv_status vpi_check_people(vpi_check *check);
vpriv_status vpi_check_recordings(vpi_check *check);
vpriv_status vpi_check_log(vpi_check *check);
vpriv_status vpi_check_rest(vpi_check *check);
/* check_rest.c, for each kept recording: what ends a purpose of it is filed. */
vpriv_status vpi_check_terms(vpi_check *check, const vpi_recording *recording);

/* Kept recordings, by row; VPRIV_E_NOT_FOUND after the last. */
vpriv_status vpi_check_next_recording(vpriv_vault *vault, int64_t after, int64_t *row_out);

#endif
