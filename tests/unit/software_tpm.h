/* A real software TPM 2.0 (swtpm) for a test: started in the current folder, powered off and on again. */
#ifndef TESTS_SOFTWARE_TPM_H
#define TESTS_SOFTWARE_TPM_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct software_tpm {
    char folder[64];
    char connection[96]; /* for vpriv_root_tpm_config */
    pid_t process;
} software_tpm;

/* An empty TPM with its state in a new folder below the current one. */
void software_tpm_new(software_tpm *tpm);
/* Pull the plug; what it acknowledged stays. */
void software_tpm_off(software_tpm *tpm);
void software_tpm_on(software_tpm *tpm);
/* What a TPM that is off leaves. */
void software_tpm_remove(software_tpm *tpm);
/* Run one of tpm2-tools with arguments as in a shell, on this TPM; its exit status. */
int software_tpm_run(const software_tpm *tpm, const char *command);

#endif
