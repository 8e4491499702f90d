# Microphones of real sound servers, headless. What the build lacks is not tested; a server that is not
# installed fails.
check_PROGRAMS += tests/sound/capture
tests_sound_capture_SOURCES = tests/sound/capture.c
tests_sound_capture_LDADD = lib/librooms.la $(VPRIV_LIBS)
