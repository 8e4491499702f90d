sound = tests/unit/sound.c tests/unit/sound.h
live = tests/unit/live.c tests/unit/live.h
rooms = tests/unit/rooms.c tests/unit/rooms.h

recorder_tests = tests/unit/test_recorder_bulk \
	tests/unit/test_recorder_credential \
	tests/unit/test_recorder_ends \
	tests/unit/test_recorder_frames \
	tests/unit/test_recorder_wearable \
	tests/unit/test_recorder_hub \
	tests/unit/test_recorder_hub_limits \
	tests/unit/test_recorder_hub_writes \
	tests/unit/test_recorder_life \
	tests/unit/test_recorder_silence \
	tests/unit/test_recorder_stack \
	tests/unit/test_recorder_sound \
	tests/unit/test_recorder_speakers \
	tests/unit/test_recorder_withdrawal
TESTS += $(recorder_tests)
# Searches all of its memory: for minutes, where a sanitizer has its own beside it.
if !SANITIZERS
TESTS += tests/unit/test_recorder_secrets
endif
check_PROGRAMS += tests/unit/test_recorder_secrets $(recorder_tests)
# Long files on several threads, with a hand on what the threads do.
tests_unit_test_recorder_bulk_SOURCES = tests/unit/test_recorder_bulk.c tests/unit/tape.c \
	tests/unit/tape.h tests/unit/seams.h
tests_unit_test_recorder_bulk_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_bulk_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=vpi_crew_begin_segment,--wrap=vpi_crew_give,--wrap=opus_encode_float \
	-Wl,--wrap=pthread_create,--wrap=pthread_join,--wrap=sodium_mlock
tests_unit_test_recorder_bulk_LDADD = $(household_ldadd)
tests_unit_test_recorder_hub_SOURCES = tests/unit/test_recorder_hub.c $(rooms)
tests_unit_test_recorder_hub_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_hub_LDADD = $(household_ldadd)
tests_unit_test_recorder_hub_limits_SOURCES = tests/unit/test_recorder_hub_limits.c $(rooms)
tests_unit_test_recorder_hub_limits_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_hub_limits_LDADD = $(household_ldadd)
tests_unit_test_recorder_hub_writes_SOURCES = tests/unit/test_recorder_hub_writes.c $(rooms)
tests_unit_test_recorder_hub_writes_CFLAGS = $(unit_cflags)
# So that a test can turn the clock by which blocks fall due.
tests_unit_test_recorder_hub_writes_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_monotonic_us
tests_unit_test_recorder_hub_writes_LDADD = $(household_ldadd)
tests_unit_test_recorder_credential_SOURCES = tests/unit/test_recorder_credential.c
tests_unit_test_recorder_credential_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_credential_LDADD = $(household_ldadd)
tests_unit_test_recorder_life_SOURCES = tests/unit/test_recorder_life.c $(live)
tests_unit_test_recorder_life_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_life_LDADD = $(household_ldadd)
tests_unit_test_recorder_withdrawal_SOURCES = tests/unit/test_recorder_withdrawal.c $(live)
tests_unit_test_recorder_withdrawal_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_withdrawal_LDADD = $(household_ldadd)
tests_unit_test_recorder_secrets_SOURCES = tests/unit/test_recorder_secrets.c
tests_unit_test_recorder_secrets_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_secrets_LDADD = $(household_ldadd)
tests_unit_test_recorder_sound_SOURCES = tests/unit/test_recorder_sound.c $(sound)
tests_unit_test_recorder_sound_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_sound_LDADD = $(household_ldadd)
tests_unit_test_recorder_speakers_SOURCES = tests/unit/test_recorder_speakers.c $(sound)
tests_unit_test_recorder_speakers_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_speakers_LDADD = $(household_ldadd)
tests_unit_test_recorder_silence_SOURCES = tests/unit/test_recorder_silence.c $(sound)
tests_unit_test_recorder_silence_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_silence_LDADD = $(household_ldadd)
# So that recordings in the time of the sound take no time.
tests_unit_test_recorder_silence_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_monotonic_us
tests_unit_test_recorder_stack_SOURCES = tests/unit/test_recorder_stack.c
tests_unit_test_recorder_stack_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_stack_LDADD = $(household_ldadd)
# So that a test can see what would be left without the wipe, and have many processors.
tests_unit_test_recorder_stack_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sodium_stackzero \
	-Wl,--wrap=vpi_bulk_processors
tests_unit_test_recorder_ends_SOURCES = tests/unit/test_recorder_ends.c $(sound)
tests_unit_test_recorder_ends_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_ends_LDADD = $(household_ldadd)
# So that time-outs take no time.
tests_unit_test_recorder_ends_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_monotonic_us
tests_unit_test_recorder_frames_SOURCES = tests/unit/test_recorder_frames.c $(sound)
tests_unit_test_recorder_frames_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_frames_LDADD = $(household_ldadd)
tests_unit_test_recorder_wearable_SOURCES = tests/unit/test_recorder_wearable.c $(sound)
tests_unit_test_recorder_wearable_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_wearable_LDADD = $(household_ldadd)
# So that time-outs take no time.
tests_unit_test_recorder_wearable_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_monotonic_us
