/* Opus packets, looked at from outside, split, and decoded. */
#include "fuzz/fuzz.h"
#include "packets/packet.h"

static void setup(void)
{
    fuzz_seed("\x78voice", 6);
    fuzz_seed("\x79voice.", 7);
    fuzz_seed("\x7a\x02voice.", 8);
    fuzz_seed("\x7b\x83\x02\x03voice.1234567", 17);
    fuzz_seed("\x7b\x43\x02voices123456\0\0", 17);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    uint32_t whole = 0, sum = 0;
    vpi_splitter *splitter = NULL;
    uint8_t part[1276];
    const vpriv_status st = vpi_packet_check(data, n_bytes, &whole);
    fuzz_check(st != VPRIV_OK || (whole > 0 && whole <= VPI_PACKET_MAX_FRAMES48 &&
                                     whole % VPI_PACKET_QUANTUM_FRAMES == 0));
    if (n_bytes > 0) {
        uint32_t nothing = 0;
        const uint64_t limit = 120 + 40U * data[n_bytes - 1];
        const uint8_t toc = vpi_packet_nothing(data[0], limit, &nothing);
        uint32_t same = 0;
        fuzz_must(vpi_packet_check(&toc, 1, &same));
        fuzz_check(same == nothing && nothing <= limit);
    }
    fuzz_must(vpi_splitter_create(&splitter));
    fuzz_check((vpi_splitter_begin(splitter, data, n_bytes) == VPRIV_OK) == (st == VPRIV_OK));
    size_t n_part = 0;
    uint32_t duration = 0;
    while (st == VPRIV_OK && vpi_splitter_next(splitter, part, sizeof part, &n_part, &duration)) {
        uint32_t same = 0;
        fuzz_check(n_part > 0 && n_part <= sizeof part && duration > 0);
        fuzz_must(vpi_packet_check(part, n_part, &same));
        fuzz_check(same == duration);
        sum += duration;
    }
    fuzz_check(sum == whole || st != VPRIV_OK);
    vpi_splitter_destroy(splitter);
}

const fuzz_target fuzz_packet = {"packet", setup, one, 8192, 0};
