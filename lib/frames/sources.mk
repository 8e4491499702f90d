lib_librooms_la_SOURCES += \
	lib/frames/kernels.h \
	lib/frames/dispatch.h lib/frames/dispatch.c \
	lib/frames/bank.h lib/frames/bank.c \
	lib/frames/resample.h lib/frames/resample.c \
	lib/frames/frontend.h lib/frames/frontend.c

# One convenience library per instruction set, each with its own flags. They stand before
# $(AM_CFLAGS), never in CFLAGS. (-ftree-vectorize holds whatever -O level the user chooses.)
noinst_LTLIBRARIES += lib/frames/libkernels_c.la
lib_frames_libkernels_c_la_SOURCES = lib/frames/kernels.h lib/frames/kernels_c.c
lib_frames_libkernels_c_la_CFLAGS = -ftree-vectorize $(AM_CFLAGS)
lib_librooms_la_LIBADD += lib/frames/libkernels_c.la
