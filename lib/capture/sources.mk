lib_librooms_la_SOURCES += \
	lib/capture/source.h lib/capture/source.c \
	lib/capture/level.c \
	lib/capture/backend.h lib/capture/open.c lib/capture/watch.c \
	lib/capture/queue.h lib/capture/queue.c \
	lib/capture/push.c \
	lib/capture/container.h lib/capture/container.c \
	lib/capture/container_wav.c lib/capture/container_other.c \
	lib/capture/pipe.h lib/capture/pipe.c \
	lib/capture/file.c \
	lib/capture/pace.h lib/capture/pace.c
if HAVE_ALSA
lib_librooms_la_SOURCES += \
	lib/capture/alsa_library.h lib/capture/alsa_library.c \
	lib/capture/alsa.c \
	lib/capture/alsa_pcm.h lib/capture/alsa_pcm.c \
	lib/capture/alsa_devices.c
endif
if HAVE_PULSE
lib_librooms_la_SOURCES += \
	lib/capture/pulse_library.h lib/capture/pulse_library.c \
	lib/capture/pulse.c \
	lib/capture/pulse_server.h lib/capture/pulse_server.c \
	lib/capture/pulse_devices.c
endif
pkginclude_HEADERS += include/voicepriv/capture.h
