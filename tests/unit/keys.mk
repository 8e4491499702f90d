keys_tests = tests/unit/test_keys_seal tests/unit/test_keys_root tests/unit/test_keys_keyring \
	tests/unit/test_keys_recording
TESTS += $(keys_tests)
check_PROGRAMS += $(keys_tests)
EXTRA_DIST += tests/unit/test_keys_help.h
tests_unit_test_keys_seal_SOURCES = tests/unit/test_keys_seal.c
tests_unit_test_keys_seal_CFLAGS = $(unit_cflags)
tests_unit_test_keys_seal_LDADD = $(unit_ldadd)
tests_unit_test_keys_root_SOURCES = tests/unit/test_keys_root.c
tests_unit_test_keys_root_CFLAGS = $(unit_cflags)
tests_unit_test_keys_root_LDADD = $(unit_ldadd)
tests_unit_test_keys_keyring_SOURCES = tests/unit/test_keys_keyring.c
tests_unit_test_keys_keyring_CFLAGS = $(unit_cflags)
tests_unit_test_keys_keyring_LDADD = $(unit_ldadd)
tests_unit_test_keys_recording_SOURCES = tests/unit/test_keys_recording.c
tests_unit_test_keys_recording_CFLAGS = $(unit_cflags)
tests_unit_test_keys_recording_LDADD = $(unit_ldadd)
