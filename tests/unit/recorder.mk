recorder_tests = tests/unit/test_recorder_life \
	tests/unit/test_recorder_secrets \
	tests/unit/test_recorder_sound
TESTS += $(recorder_tests)
check_PROGRAMS += $(recorder_tests)
tests_unit_test_recorder_life_SOURCES = tests/unit/test_recorder_life.c $(household)
tests_unit_test_recorder_life_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_life_LDADD = $(household_ldadd)
tests_unit_test_recorder_secrets_SOURCES = tests/unit/test_recorder_secrets.c $(household)
tests_unit_test_recorder_secrets_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_secrets_LDADD = $(household_ldadd)
tests_unit_test_recorder_sound_SOURCES = tests/unit/test_recorder_sound.c $(household)
tests_unit_test_recorder_sound_CFLAGS = $(unit_cflags)
tests_unit_test_recorder_sound_LDADD = $(household_ldadd)
