# Microphones of real sound servers, headless. What the build lacks is not tested; a server that is not
# installed fails.
EXTRA_DIST += tests/sound/sound.py
check_PROGRAMS += tests/sound/capture
tests_sound_capture_SOURCES = tests/sound/capture.c
tests_sound_capture_LDADD = lib/librooms.la $(VPRIV_LIBS)

sound_tests_alsa = tests/sound/test-alsa
EXTRA_DIST += $(sound_tests_alsa)
if HAVE_ALSA
TESTS += $(sound_tests_alsa)
# -rpath: a library that is loaded, though it is not installed.
check_LTLIBRARIES += tests/sound/plugin.la
tests_sound_plugin_la_SOURCES = tests/sound/plugin.c
tests_sound_plugin_la_CPPFLAGS = $(AM_CPPFLAGS) -DPIC
tests_sound_plugin_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_sound_plugin_la_LIBADD = $(ALSA_LIBS)
endif
