lib_librooms_la_SOURCES += \
	lib/capture/source.h lib/capture/source.c \
	lib/capture/push.c \
	lib/capture/container.h lib/capture/container.c \
	lib/capture/container_wav.c lib/capture/container_other.c \
	lib/capture/pipe.h lib/capture/pipe.c \
	lib/capture/file.c
pkginclude_HEADERS += include/voicepriv/capture.h
