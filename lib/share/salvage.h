/* What a salvage found, and how it is told: damage.json, damage.txt, and the signed record. */
#ifndef VPI_SHARE_SALVAGE_H
#define VPI_SHARE_SALVAGE_H

#include "share/folder.h"
#include "vault/vault.h"
#include <jansson.h>
#include <voicepriv/salvage.h>

typedef enum vpi_salvaged {
    VPI_SALVAGED_WHOLE,
    VPI_SALVAGED_PARTIAL,
    VPI_SALVAGED_LOST,
    VPI_SALVAGED_CLOSED,
} vpi_salvaged;

typedef struct vpi_salvage_list {
    json_t *damages; /* arrays */
    json_t *recordings;
    json_t *opened; /* ids, for the record */
    bool failed;    /* no memory: the list is not whole */
} vpi_salvage_list;

vpriv_status vpi_salvage_list_open(vpi_salvage_list *list_out);
void vpi_salvage_list_close(vpi_salvage_list *list);
void vpi_salvage_damage(vpi_salvage_list *list, uint32_t page, const char *table, const char *what);
/* lost is an array of stretches, taken over; why may be empty. */
void vpi_salvage_recording(vpi_salvage_list *list, const uint8_t *id, vpi_salvaged how,
    const char *file, const char *why, json_t *lost);
void vpi_salvage_will_open(vpi_salvage_list *list, const uint8_t *id);
/* Whether it is one of them, from there on. */
bool vpi_salvage_opens(const vpi_salvage_list *list, size_t *at_io, const uint8_t *id);
void vpi_salvage_stretch(vpi_salvage_list *list, json_t *lost, uint64_t from_48k, uint64_t n_48k);

#define VPI_SALVAGE_DAMAGE_JSON "damage.json"
#define VPI_SALVAGE_DAMAGE_TEXT "damage.txt"
#define VPI_SALVAGE_DETAILS     "salvage.json"
#define VPI_SALVAGE_RECORD      "salvage.jws"
#define VPI_SALVAGE_KEY         "device-key.jwk"
#define VPI_SALVAGE_FILES                                                                          \
    VPI_SALVAGE_DAMAGE_JSON, VPI_SALVAGE_DAMAGE_TEXT, VPI_SALVAGE_DETAILS, VPI_SALVAGE_RECORD,     \
        VPI_SALVAGE_KEY

/* damage.json and damage.txt. */
vpriv_status vpi_salvage_write_list(const vpi_salvage_list *list, const vpi_folder *folder,
    const uint8_t *vault_id, const vpriv_salvage_report *report);
/* salvage.json, salvage.jws, which signs its hash, and the key to check that with. */
vpriv_status vpi_salvage_write_record(vpi_salvage_list *list, const vpi_folder *folder,
    vpriv_vault *vault, const vpriv_gate_request *request);

#endif
