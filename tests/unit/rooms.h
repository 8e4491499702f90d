/* Rooms of a house, a recorder in each, all in one hub: the same voice is heard in each of them, begun somewhere
 * else. */
#ifndef TESTS_UNIT_ROOMS_H
#define TESTS_UNIT_ROOMS_H

#include "household.h"
#include "waiting.h"

#define KEEP    VPRIV_PURPOSE_KEEP_HISTORY
#define N_ROOMS 16
#define TICK_MS 5

typedef struct room {
    vpriv_source *source;
    vpriv_recorder *recorder;
    uint64_t n_pushed;
} room;

extern household h;
extern vpriv_hub *hub;
extern room rooms[64];

/* A checked fixture. */
void set_up(void);
void tear_down(void);

/* Every fourth speaks for Bob. */
vpriv_recorder_config config_of(size_t i);
void open_room(size_t i, const vpriv_recorder_config *config);
void close_room(size_t i);
void open_rooms(size_t n, uint32_t unsealed_ms);
void push_ms(size_t i, size_t ms);
void push_all_ms(size_t n, size_t ms); /* to those that have not ended */
void wait_until_read(size_t i);
void wait_for(size_t i, vpriv_recorder_state state);
void keep(size_t i);
vpriv_outcome stop(size_t i);
int64_t blocks_on_disk(void);
void ck_kept_whole(size_t i, const vpriv_outcome *outcome);

#endif
