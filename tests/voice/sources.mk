# How well the voice-activity gate does: quickly in `make check`, the whole table in `make check-long`.
EXTRA_DIST += tests/voice/test-voice tests/voice/judge-voice tests/voice/material
voice_checks = tests/voice/test-voice
TESTS += $(voice_checks)
CHECK_LONG += tests/voice/judge-voice
check_PROGRAMS += tests/voice/judgevoice
tests_voice_judgevoice_SOURCES = tests/voice/judge.h tests/voice/judgevoice.c tests/voice/voices.c \
	tests/voice/noises.c tests/voice/scene.c
tests_voice_judgevoice_LDADD = lib/librooms.la $(VPRIV_LIBS) -lm
check-long: tests/voice/judgevoice$(EXEEXT)
