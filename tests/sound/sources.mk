# Microphones of real sound servers, headless. What a build lacks is not tested there; a server that is
# not installed is a failure. Real loss of a kernel's card is not among them: that needs a kernel module.
EXTRA_DIST += tests/sound/sound.py
check_PROGRAMS += tests/sound/capture tests/sound/watch tests/sound/libraries
tests_sound_capture_SOURCES = tests/sound/capture.c
tests_sound_capture_LDADD = lib/librooms.la $(VPRIV_LIBS)
tests_sound_watch_SOURCES = tests/sound/watch.c
tests_sound_watch_LDADD = libvoicepriv.la
tests_sound_libraries_SOURCES = tests/sound/libraries.c
tests_sound_libraries_LDADD = libvoicepriv.la

sound_tests_alsa = tests/sound/test-alsa
sound_tests_pulse = tests/sound/test-pulseaudio tests/sound/test-pipewire tests/sound/test-tool \
	tests/sound/test-watch tests/sound/test-load
sound_tests_both = tests/sound/test-libraries
sound_tests_guarded = tests/sound/test-realtime
EXTRA_DIST += $(sound_tests_alsa) $(sound_tests_pulse) $(sound_tests_both) $(sound_tests_guarded) \
	tests/sound/long-load
if HAVE_ALSA
TESTS += $(sound_tests_alsa)
# -rpath: a library that is loaded, though it is not installed.
check_LTLIBRARIES += tests/sound/plugin.la
tests_sound_plugin_la_SOURCES = tests/sound/plugin.c
tests_sound_plugin_la_CPPFLAGS = $(AM_CPPFLAGS) -DPIC
tests_sound_plugin_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_sound_plugin_la_LIBADD = $(ALSA_LIBS)
endif
if HAVE_PULSE
TESTS += $(sound_tests_pulse)
check_LTLIBRARIES += tests/sound/holes.la
tests_sound_holes_la_SOURCES = tests/sound/holes.c
tests_sound_holes_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_sound_holes_la_LIBADD = $(PULSE_LIBS)
CHECK_LONG += tests/sound/long-load
tests/sound/long-load: tests/sound/capture$(EXEEXT)
endif
if HAVE_ALSA
if HAVE_PULSE
TESTS += $(sound_tests_both)
# Preloaded into whatever the tests start, shells too: without the sanitizers.
check_LTLIBRARIES += tests/sound/unfindable.la
tests_sound_unfindable_la_SOURCES = tests/sound/unfindable.c
tests_sound_unfindable_la_CFLAGS = $(VPRIV_CFLAGS) -fno-sanitize=all
tests_sound_unfindable_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
# Stopping the system calls of one thread needs Linux 5.11 on x86; a sanitizer makes calls of its own.
if BUILD_X86
if !SANITIZERS
TESTS += $(sound_tests_guarded)
check_PROGRAMS += tests/sound/realtime
tests_sound_realtime_SOURCES = tests/sound/realtime.c tests/sound/realtime_guard.h \
	tests/sound/realtime_guard.c tests/sound/realtime_calls.h tests/sound/realtime_calls.c
tests_sound_realtime_LDADD = lib/librooms.la $(VPRIV_LIBS)
endif
endif
endif
endif
