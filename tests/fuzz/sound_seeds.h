/* Small sound files to begin with. */
#ifndef TESTS_FUZZ_SOUND_SEEDS_H
#define TESTS_FUZZ_SOUND_SEEDS_H

#define WAV_HEAD "RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0"
#define WAV_DATA                                                                                   \
    "data\x10\0\0\0"                                                                               \
    "0123456789abcdef"
#define WAV_LIST "LIST\4\0\0\0INFO"
#define WAV_EXTENSIBLE                                                                             \
    "RIFF\x4c\0\0\0WAVEfmt "                                                                       \
    "\x28\0\0\0\xfe\xff\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0\x16\0\x10\0\4\0\0\0"                   \
    "\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
#define AIFF_FILE                                                                                  \
    "FORM\0\0\0\x3e"                                                                               \
    "AIFFCOMM\0\0\0\x12\0\1\0\0\0\x08\0\x10\x40\x0c\xfa\0\0\0\0\0\0\0SSND\0\0\0\x18"               \
    "\0\0\0\0\0\0\0\0"                                                                             \
    "0123456789abcdef"
#define FLAC_FILE                                                                                  \
    "fLaC\x80\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x03\xe8\0\xf0\0\0\0\x08"                             \
    "0123456789abcdef"

#define seed_bytes(text) fuzz_seed(text, sizeof(text) - 1)

#endif
