/* One recording made block by block, so that it is known to the frame: packets, silence, a gap, and packets
 * again; and a place that takes what comes out of the gate. */
#ifndef TESTS_UNIT_KNOWN_H
#define TESTS_UNIT_KNOWN_H

#include "household.h"
#include <voicepriv/gate.h>

#define KEEP      VPRIV_PURPOSE_KEEP_HISTORY
#define N_PACKETS 20u
#define FRAMES    960u  /* of a packet, at 48 kHz */
#define SILENT    4800u /* at 48 kHz */
#define SKIPPED   9600u
#define LOST      9601u
#define PRE_SKIP  312u
#define ALL_48K   (2 * N_PACKETS * FRAMES + SILENT + SKIPPED)
#define N_48K     (ALL_48K - PRE_SKIP - 480u) /* the encoder's tail lies behind the end */
#define AT_RATE   (N_48K * HOUSEHOLD_RATE_HZ / 48000)

typedef struct bytes {
    size_t n, most;
    uint8_t data[1 << 20];
} bytes;

extern household h;
extern vpi_sealer *sealer; /* of a recording that goes on */
extern bytes out;

/* A checked fixture. */
void set_up(void);
void tear_down(void);

void add_packets(vpi_block_builder *builder);
/* Its second block is its last one, which is there when the recording is finished. */
vpriv_recording_id record(bool finishes);
vpriv_reader *open_it(const vpriv_recording_id *id);
/* Into bytes; VPRIV_E_FULL behind the most that it takes. */
vpriv_status take(void *user, const void *data, size_t n);

#endif
