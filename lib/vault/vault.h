/* The inside of an open vault, and what the files of this room share.
 *
 * Locking: public calls take vault->lock with vpi_vault_enter and give it back with vpi_vault_leave;
 * everything declared here is called with the lock held. Writing happens between vpi_vault_begin and
 * vpi_vault_commit, reading a consistent state between vpi_vault_read_begin and _end. */
#ifndef VPI_VAULT_VAULT_H
#define VPI_VAULT_VAULT_H

#include "base/clock.h"
#include "base/database.h"
#include "keys/keyring.h"
#include "keys/recording.h"
#include "keys/tree.h"
#include <pthread.h>
#include <voicepriv/places.h>
#include <voicepriv/vault.h>

#define VPI_APPLICATION_ID 0x56505256 /* "VPRV" */
#define VPI_USER_VERSION   1
#define VPI_TAG_BYTES      16 /* blind tags */
/* How long what can be left for later waits for others. */
#define VPI_LOCK_PATIENCE_MS 1000
/* Of disk space, when nobody says how much. */
#define VPI_RESERVE_BYTES_DEFAULT (512u * 1024)

/* The first keys of every tree. */
enum {
    VPI_SLOT_CATALOGUE = 0, /* rows that concern nobody in particular */
    VPI_SLOT_INDEX = 1,     /* blind tags */
    VPI_SLOT_INGEST = 2,    /* X25519 secret half, replaced at every shred */
    VPI_SLOT_DEVICE = 3,    /* Ed25519 seed, signs checkpoints */
    VPI_SLOT_POLICY = 4,    /* capture policy, shared with capture credentials */
    VPI_N_FIXED_SLOTS = 5,
};

/* Rows of table `state`. */
enum {
    VPI_STATE_SETTINGS = 1,
    VPI_STATE_LOG = 2,
    VPI_STATE_CLOCK = 3,
    VPI_STATE_SURFACES = 4, /* not there before the first is trusted */
};

/* What a vault was created with, and where it is; sealed under the catalogue key, and in the head of the
 * capture policy, which is bound to the root: that one counts. */
typedef struct vpi_settings {
    char controller_id[VPRIV_PARTY_ID_BYTES];
    char controller_name[VPRIV_PARTY_NAME_BYTES];
    char controller_country[VPRIV_COUNTRY_BYTES];
    char jurisdiction[VPRIV_JURISDICTION_BYTES]; /* where the device is; "strict" */
    char device_class[VPRIV_DEVICE_BYTES];
    int64_t policy_since_us; /* when the policy was issued */
    int64_t policy_ttl_us;
    uint64_t policy_epoch;
    int64_t first_notice; /* row; those before it are another controller's, and not in force */
} vpi_settings;

/* One guarded allocation. Scratch fields are wiped by whoever used them. */
typedef struct vpi_vault_secrets {
    uint8_t catalogue_key[VPI_KEY_BYTES];
    uint8_t index_key[VPI_KEY_BYTES];
    uint8_t policy_key[VPI_KEY_BYTES];
    uint8_t key[VPI_KEY_BYTES];               /* scratch of one function */
    uint8_t subject_key[VPI_KEY_BYTES];       /* scratch of vpi_subject_… */
    uint8_t reference_key[VPI_KEY_BYTES];     /* scratch of reading who somebody is */
    uint8_t person_policy_key[VPI_KEY_BYTES]; /* scratch of a person's row of the capture policy */
    uint8_t payload_key[VPI_KEY_BYTES];       /* scratch of the log */
    uint8_t fresh[VPI_KEY_BYTES];             /* a key on its way into the tree */
    uint8_t ingest[VPI_KEY_BYTES];            /* the next ingest secret */
    uint8_t device[64];                       /* Ed25519 secret key while signing */
    uint8_t adopt_shred_key[VPI_KEY_BYTES];
    uint8_t fixed[VPI_N_FIXED_SLOTS * VPI_KEY_BYTES];
    vpi_grant grants[VPI_SUBJECTS_MAX];
} vpi_vault_secrets;

/* Where a handle's look at every recording that runs out stands (retention_run.c); with zeros one is due. */
typedef struct vpi_round {
    bool is_under_way;
    int stage;                 /* what it looks at */
    int64_t retention, row;    /* looked at last */
    int64_t least_us;          /* when the first runs out of what it saw */
    int64_t odd_us;            /* of the last one, where that is before everything at a head */
    int64_t next_us;           /* when the next begins, by the vault's time, */
    int64_t next_monotonic_us; /* or by the machine's */
    uint64_t n_unread;         /* damaged: of the last one, or so far */
    int64_t unread_row;        /* the last of these */
} vpi_round;

struct vpriv_vault {
    pthread_mutex_t lock;
    char *path;
    char *reserve_path;
    char *lock_path;
    int lock_fd;
    vpi_database *database;
    vpi_tree *tree; /* NULL when open for capture only */
    vpriv_root_store *root;
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    uint8_t device_public_key[VPI_KEY_BYTES];
    vpi_clock clock;
    uint32_t purposes; /* bits of those with a public key */
    uint8_t purpose_public_key[VPI_PURPOSES_MAX][VPI_KEY_BYTES];
    vpi_settings settings;
    uint32_t reserve_bytes;
    uint64_t given_up_bytes; /* of the reserve, and not put back since */
    bool owes_reserve;       /* given up in the call at hand */
    bool must_free; /* a transaction did not fit: the next one that frees has the reserve */
    vpi_round round;
    vpi_vault_secrets *secrets;
};

extern const char vpi_vault_schema[];

/* A handle by which nothing is open yet; vpriv_vault_close takes it back. */
vpriv_status vpi_vault_allocate(
    const char *path, const vpriv_vault_options *options, vpriv_vault **vault_out);
/* A vault file that nobody writes, for looking at: neither it nor the root store is changed, and no file is
 * made beside it. Calls that write fail. Without a root: only what can be read without any key. */
vpriv_status vpi_vault_open_still(
    const char *path, vpriv_root_store *root, vpriv_vault **vault_out);

/* Argument checks and the lock. needs_root: VPRIV_E_NO_KEY when open for capture only. */
vpriv_status vpi_vault_enter(vpriv_vault *vault, bool needs_root);
void vpi_vault_leave(vpriv_vault *vault);

/* A write transaction under the root in force. */
vpriv_status vpi_vault_begin(vpriv_vault *vault);
/* The same for calls that destroy: when space is short the write-ahead log is emptied, and, when that is not
 * enough, the reserve is given up. */
vpriv_status vpi_vault_begin_freeing(vpriv_vault *vault);
/* After one that failed: whether it is worth another try, because it was full with the reserve still there,
 * which the next vpi_vault_begin_freeing gives up. Rolls back then. */
bool vpi_vault_try_again(vpriv_vault *vault, vpriv_status st);
/* The same for what is recorded: first the reserve is made whole, as far as that goes. VPRIV_E_FULL where
 * there is space for none. */
vpriv_status vpi_vault_begin_recording(vpriv_vault *vault);
/* Outside a transaction: what was written to the log, and what is free, becomes the reserve again. */
void vpi_vault_give_back(vpriv_vault *vault);
/* The same without the log. Failing is no failure: it is done the next time. */
void vpi_vault_rebuild_reserve(vpriv_vault *vault);
/* Commits, and settles a shred: returns when the old root key is gone. VPRIV_E_ROOT, and only that, when it is
 * committed and the old root key is there still. */
vpriv_status vpi_vault_commit(vpriv_vault *vault);
/* Without settling. */
vpriv_status vpi_vault_commit_rows(vpriv_vault *vault);
/* Also forgets a shred that was under way, and takes back the reserve before others can write. Does nothing
 * outside a transaction. */
void vpi_vault_rollback(vpriv_vault *vault);
/* A part of a transaction that may fail by itself: ended with a failure, nothing of it was written. Gives that
 * failure back. Not around a shred. */
vpriv_status vpi_vault_part_begin(vpriv_vault *vault);
vpriv_status vpi_vault_part_end(vpriv_vault *vault, vpriv_status of_the_part);
/* A snapshot under the root in force; no-ops inside a transaction. */
vpriv_status vpi_vault_read_begin(vpriv_vault *vault, bool *began_out);
void vpi_vault_read_end(vpriv_vault *vault, bool began);

/* Destroy keys in the transaction at hand: adopts what is pending, replaces the ingest pair, seals
 * the new head and the capture policy's. */
vpriv_status vpi_vault_shred(vpriv_vault *vault, const uint64_t *slots, size_t n_slots);
/* The same, also of no key at all: the generation is a new one, and what an older head of the capture
 * policy said counts no more. next: what the new one says; NULL is what the present one does. */
struct vpi_policy_head;
vpriv_status vpi_vault_renew(
    vpriv_vault *vault, const uint64_t *slots, size_t n_slots, const struct vpi_policy_head *next);
/* Add one key to the tree. */
vpriv_status vpi_vault_add_key(
    vpriv_vault *vault, const uint8_t key[VPI_KEY_BYTES], uint64_t *slot_out);

int64_t vpi_vault_now_us(vpriv_vault *vault);
vpi_place vpi_vault_place(const vpriv_vault *vault, vpi_column column, uint64_t row);

/* A blind tag: equal inputs give equal tags within one vault, and say nothing without the key. */
void vpi_blind_tag(const uint8_t key[VPI_KEY_BYTES], const char *label, const void *data,
    size_t n_bytes, uint8_t tag_out[VPI_TAG_BYTES]);

/* Sealed rows of table `state`. */
vpriv_status vpi_state_write(vpriv_vault *vault, int64_t id, const void *plain, size_t n_bytes);
vpriv_status vpi_state_read(
    vpriv_vault *vault, int64_t id, void *plain_out, size_t capacity, size_t *n_bytes_out);

/* reserve.c: disk space kept aside, and the lock file that tells living recorders from dead ones. */
vpriv_status vpi_reserve_open(vpriv_vault *vault);
void vpi_reserve_close(vpriv_vault *vault);
bool vpi_reserve_give_up(vpriv_vault *vault); /* false: there is none */
/* As far as there is space. With the write lock, or of a vault that nobody else has. */
void vpi_reserve_rebuild(vpriv_vault *vault);
bool vpi_reserve_is_whole(const vpriv_vault *vault);
/* Whether less is free than the reserve is to have, with or without it. */
bool vpi_reserve_space_is_short(const vpriv_vault *vault);
/* Whether the file system has no inodes for what SQLite makes when a vault opens. */
bool vpi_reserve_files_are_short(const vpriv_vault *vault);
bool vpi_reserve_is_there(const vpriv_vault *vault);
/* VPRIV_E_BUSY when another handle has it. */
vpriv_status vpi_recorder_lock(vpriv_vault *vault, int64_t row);
void vpi_recorder_unlock(vpriv_vault *vault, int64_t row);
bool vpi_recorder_is_alive(const vpriv_vault *vault, int64_t row);

#endif
