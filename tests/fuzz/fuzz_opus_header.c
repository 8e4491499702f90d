/* The two header packets of Ogg Opus. */
#include "fuzz/fuzz.h"
#include "packets/ogg_header.h"

static void setup(void)
{
    const vpi_opus_head head = {.n_channels = 2, .preskip_frames48 = 312, .input_rate_hz = 48000};
    static const char *const comments[] = {"TITLE=a", "ARTIST=b"};
    uint8_t bytes[VPI_OPUS_HEAD_BYTES], *tags = NULL;
    size_t n = 0;
    vpi_opus_head_write(&head, bytes);
    fuzz_seed(bytes, sizeof bytes);
    fuzz_must(vpi_opus_tags_write(comments, 2, &tags, &n));
    fuzz_seed(tags, n);
    free(tags);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpi_opus_head head, same;
    uint8_t again[VPI_OPUS_HEAD_BYTES];
    (void)vpi_opus_tags_check(data, n_bytes);
    if (vpi_opus_head_parse(data, n_bytes, &head) != VPRIV_OK)
        return;
    fuzz_check((head.n_channels == 1 || head.n_channels == 2) && head.preskip_frames48 <= 65535);
    vpi_opus_head_write(&head, again);
    fuzz_must(vpi_opus_head_parse(again, sizeof again, &same));
    fuzz_check(memcmp(&head, &same, sizeof head) == 0);
}

const fuzz_target fuzz_opus_header = {"opus_header", setup, one, 512, 0};
