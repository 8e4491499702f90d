lib_librooms_la_SOURCES += \
	lib/recorder/stream.h lib/recorder/stream.c \
	lib/recorder/intake.h lib/recorder/intake.c \
	lib/recorder/recorder.h lib/recorder/config.c lib/recorder/machine.c \
	lib/recorder/recorder.c lib/recorder/run.c
pkginclude_HEADERS += include/voicepriv/recorder.h
