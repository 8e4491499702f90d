lib_librooms_la_SOURCES += \
	lib/recorder/stream.h lib/recorder/stream.c \
	lib/recorder/crew.h lib/recorder/crew.c \
	lib/recorder/bulk.h lib/recorder/bulk.c \
	lib/recorder/quiet.h lib/recorder/quiet.c \
	lib/recorder/packer.h lib/recorder/packer.c \
	lib/recorder/intake.h lib/recorder/intake.c \
	lib/recorder/recorder.h lib/recorder/config.c lib/recorder/machine.c \
	lib/recorder/unmeant.c lib/recorder/tell.c \
	lib/recorder/recorder.c lib/recorder/run.c \
	lib/recorder/hub.h lib/recorder/hub.c
pkginclude_HEADERS += include/voicepriv/recorder.h include/voicepriv/hub.h
