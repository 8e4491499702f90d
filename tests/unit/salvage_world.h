/* A vault that is damaged on purpose: five recordings of Ada's that come out of it, and three that never may; what
 * each was, which pages it takes, and what a salvage made of it. Which page concerns whom is found by looking for the
 * rows' bytes in it. */
#ifndef TESTS_SALVAGE_WORLD_H
#define TESTS_SALVAGE_WORLD_H

#include "household.h"
#include <jansson.h>

#define PAGE       4096
#define PAGES_MAX  512
#define N_OPEN     5 /* then one that is set aside, one withdrawn, one erased */
#define ITEMS_MAX  2048
#define BLOCKS_MAX 32

/* Packets of a file, each at its place. */
typedef struct sound {
    size_t n;
    struct item {
        uint64_t at_48k;
        uint32_t n_frames;
        size_t n_bytes;
        uint8_t hash[16];
    } items[ITEMS_MAX];
    uint64_t length_48k;
} sound;

extern household h;
extern vpriv_recording_id ids[N_OPEN + 3];
extern sound originals[N_OPEN + 3];
extern sound found; /* by load() */
extern char folder[PATH_BYTES];
extern const vpriv_gate_request request;
/* The file as it was read last, and which of its pages, from 0, a recording takes. */
extern uint8_t whole[PAGES_MAX * PAGE];
extern size_t n_pages;
extern bool concerns[N_OPEN][PAGES_MAX];

/* A checked fixture. The vault is shut. */
void move_in(void);
void move_out(void);

/* Of the vault, while it is open. */
vpriv_recording_id record(const uint8_t *subject, unsigned seed);
void export_from(vpriv_vault *vault, const vpriv_recording_id *id, sound *s);

/* Of its file. */
void read_file(void);
void write_file(const uint8_t *data, size_t n);
int64_t row_of(const vpriv_recording_id *id);
/* Every page that has bytes of the blobs a query gives, which has the row for its parameter, at their beginning or
 * behind. */
void find_rows(const char *sql, int64_t row, bool *pages);
int64_t block_page(int i, int sequence);
/* One letter of a table's text: nothing is lost, but the vault does not open. */
void damage_schema(void);

/* Into the folder, which is removed before. */
vpriv_status salvage(vpriv_salvage_report *report);
void remove_all(const char *path);
bool has_name(const char *name);
/* The file of a recording; false when there is none. */
bool load(int i);
bool is_bit_exact(int i);
/* No packet that the original has not got at this very place. Gives how much of it is not there. */
uint64_t check_invents_nothing(int i);
json_t *read_list(void);
const char *listed_as(const json_t *list, int i);

#endif
