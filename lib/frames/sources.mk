lib_librooms_la_SOURCES += \
	lib/frames/kernels.h \
	lib/frames/dispatch.h lib/frames/dispatch.c \
	lib/frames/bank.h lib/frames/bank.c \
	lib/frames/resample.h lib/frames/resample.c \
	lib/frames/frontend.h lib/frames/frontend.c \
	lib/frames/voice.h lib/frames/voice.c

# One convenience library per instruction set, each with its own flags. They stand before
# $(AM_CFLAGS), never in CFLAGS. (-ftree-vectorize holds whatever -O level the user chooses.)
noinst_LTLIBRARIES += lib/frames/libkernels_c.la
lib_frames_libkernels_c_la_SOURCES = lib/frames/kernels.h lib/frames/kernels_rest.h lib/frames/kernels_c.c
lib_frames_libkernels_c_la_CFLAGS = -ftree-vectorize $(AM_CFLAGS)
lib_librooms_la_LIBADD += lib/frames/libkernels_c.la

kernels_shared = lib/frames/kernels_lanes.h lib/frames/kernels_polyphase.h lib/frames/kernels_bands.h lib/frames/kernels_mix.h
EXTRA_DIST += $(kernels_shared)

if BUILD_X86
noinst_LTLIBRARIES += lib/frames/libkernels_sse2.la lib/frames/libkernels_avx2.la \
	lib/frames/libkernels_avx512.la
lib_librooms_la_LIBADD += lib/frames/libkernels_sse2.la lib/frames/libkernels_avx2.la \
	lib/frames/libkernels_avx512.la
endif
lib_frames_libkernels_sse2_la_SOURCES = $(kernels_shared) lib/frames/kernels_sse2.c
lib_frames_libkernels_sse2_la_CFLAGS = -msse2 $(AM_CFLAGS)
lib_frames_libkernels_avx2_la_SOURCES = $(kernels_shared) lib/frames/kernels_avx2.c
lib_frames_libkernels_avx2_la_CFLAGS = -mavx2 -mpopcnt $(AM_CFLAGS)
lib_frames_libkernels_avx512_la_SOURCES = $(kernels_shared) lib/frames/kernels_avx512.c
lib_frames_libkernels_avx512_la_CFLAGS = -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 \
	-mpopcnt $(AM_CFLAGS)

if BUILD_NEON
noinst_LTLIBRARIES += lib/frames/libkernels_neon.la
lib_librooms_la_LIBADD += lib/frames/libkernels_neon.la
endif
lib_frames_libkernels_neon_la_SOURCES = $(kernels_shared) lib/frames/kernels_neon.c
lib_frames_libkernels_neon_la_CFLAGS = $(AM_CFLAGS)
