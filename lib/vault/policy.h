/* The compiled capture policy: what a recording process must know, and nothing that opens anything.
 * One head row for the vault and one row per person, sealed under a key that capture credentials
 * share, a person's for those who can name them. Rewritten in the same transaction as the consent, so
 * that it is never behind. */
#ifndef VPI_VAULT_POLICY_H
#define VPI_VAULT_POLICY_H

#include "consent/rules.h"
#include "vault/subject.h"

#define VPI_NOTICES_IN_FORCE_MAX 64

/* Purposes that are closed somewhere from one time to another. */
typedef struct vpi_pause {
    uint32_t purposes; /* bits */
    int64_t from_us;
    int64_t until_us;
    char where[VPRIV_PROFILE_NAME_BYTES];
} vpi_pause;

/* What an authority signed as the policy from some time on; epoch 0 is none. */
typedef struct vpi_policy {
    uint64_t epoch;
    int64_t issued_us;
    int64_t effective_us;
    int64_t ttl_us;
} vpi_policy;

typedef struct vpi_policy_head {
    uint64_t generation;
    uint8_t ingest_public_key[VPI_KEY_BYTES];
    vpi_settings settings;
    int64_t written_us; /* it is not earlier than this */
    vpi_policy next;    /* published, and effective from its time on */
    uint64_t order;     /* number of the latest signed order to pause or resume that was done */
    bool has_authority;
    uint8_t authority[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    uint8_t profiles_hash[VPRIV_SHA256_BYTES]; /* of all profiles that are kept */
    uint8_t places_hash[VPRIV_SHA256_BYTES];   /* of the row with the rules; zeros: there is none */
    uint32_t n_pauses;
    vpi_pause pauses[VPRIV_PAUSES_MAX];
    uint32_t n_notices;
    uint8_t notices[VPI_NOTICES_IN_FORCE_MAX][VPRIV_SHA256_BYTES]; /* in force */
} vpi_policy_head;

typedef struct vpi_policy_consent {
    vpriv_purpose purpose;
    vpriv_consent_state state;
    vpriv_consent_by by;
    vpriv_consent_method method;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    int64_t said_us;
    int64_t valid_until_us; /* 0 for no end */
    uint8_t notice[VPRIV_SHA256_BYTES];
    uint32_t max_uses;
    uint32_t uses;
} vpi_policy_consent;

typedef struct vpi_policy_subject {
    vpriv_subject_class subject_class;
    vpi_subject_place at;
    uint32_t n_consents;
    vpi_policy_consent consents[VPI_PURPOSES_MAX];
} vpi_policy_subject;

/* A row that is not of a person, by its tag; VPRIV_E_NOT_FOUND when there is none. */
#define VPI_POLICY_ROW_BYTES_MAX 8192
vpriv_status vpi_policy_write_row(
    vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], const void *plain, size_t n_bytes);
vpriv_status vpi_policy_read_row(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES],
    void *plain_out, size_t capacity, size_t *n_bytes_out);

/* vault->settings as they are now: another process may have changed them. */
vpriv_status vpi_settings_refresh(vpriv_vault *vault);

/* ingest_secret: the secret whose public half is announced from now on; NULL keeps the present one.
 * next: what it says of everything but keys, notices and time; NULL keeps what the present one says, and
 * takes it that everything is paused everywhere when nobody can tell. */
vpriv_status vpi_policy_write_head(vpriv_vault *vault, uint64_t generation,
    const uint8_t *ingest_secret, const vpi_policy_head *next);
/* Also brings vault->settings and the vault's clock up to what it says. */
vpriv_status vpi_policy_read_head(vpriv_vault *vault, vpi_policy_head *head_out);
/* The policy that is effective at a time. */
vpi_policy vpi_policy_in_force(const vpi_policy_head *head, int64_t now_us);
bool vpi_policy_notice_in_force(const vpi_policy_head *head, const uint8_t *sha256);

/* Compiled from the latest consent records. */
vpriv_status vpi_policy_write_subject(vpriv_vault *vault, const vpi_subject *subject);
vpriv_status vpi_policy_remove_subject(vpriv_vault *vault, const uint8_t *subject_id);
vpriv_status vpi_policy_read_subject(
    vpriv_vault *vault, const uint8_t *subject_id, vpi_policy_subject *policy_out);

#endif
