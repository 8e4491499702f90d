/* Who lives in the scripted life (attacked.c), what they have, and how it is told. Everything here can be
 * learned again from what was told, so that a process that was killed is followed by another. */
#ifndef TESTS_FAULT_ATTACKED_WORLD_H
#define TESTS_FAULT_ATTACKED_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <voicepriv/voicepriv.h>

#define WORLD_PEOPLE_MAX 12
#define WORLD_PURPOSES   3 /* keep_history and the two behind it */
#define WORLD_PATH_BYTES 256

struct person {
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    unsigned number;
    bool is_here;
    bool gave[32], covers_past[32];
};

struct kept {
    uint8_t id[VPRIV_RECORDING_ID_BYTES];
    bool is_alive; /* as far as is known; the library may know better */
};

struct world_clock {
    int64_t now_us;
    uint64_t n_others; /* things done besides recording, erasing and withdrawing */
};

struct world {
    char path[WORLD_PATH_BYTES], root_path[WORLD_PATH_BYTES], credential_path[WORLD_PATH_BYTES],
        owner_path[WORLD_PATH_BYTES];
    int told_fd;
    struct world_clock *clock; /* in a file: outlives the process */
    vpriv_vault_options options;
    vpriv_root_store *root;
    vpriv_keyring *owner;
    vpriv_vault *vault;
    struct person people[WORLD_PEOPLE_MAX];
    struct {
        uint8_t id[sizeof(vpriv_derivative_id)];
        char token[32];
        bool is_there;
    } made; /* the latest derivative */
    struct kept *kept;
    size_t n_kept, room_kept;
    unsigned n_people; /* ever */
    size_t latest;
    size_t n_recorded, n_erased, n_withdrawn, n_forgotten, n_expired;
    size_t n_recorded_wanted, n_erased_wanted, n_withdrawn_wanted;
};

/* Make the vault, or open it and finish what was begun. */
void world_begin(struct world *world, const char *folder, uint64_t die_after);
void world_open(struct world *world);
void world_close(struct world *world);

/* Tell "do LINE", do it, and tell "did LINE …". What cannot be done in this state is told as "did not". */
void world_do(struct world *world, const char *line);
void world_tell(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "did record …", as the vault describes it. */
void world_told_recording(struct world *world, const uint8_t *id);
/* Who moved in last. */
struct person *world_latest(struct world *world);
/* Ends the program, in words, when it is not well. */
void world_must(vpriv_status status, const char *what);
void world_hex(const uint8_t *id, char hex_out[33]);

#endif
