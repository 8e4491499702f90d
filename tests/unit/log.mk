log_tests = tests/unit/test_log_merkle tests/unit/test_log_note tests/unit/test_log_entry \
	tests/unit/test_log_refused
TESTS += $(log_tests)
check_PROGRAMS += $(log_tests)
tests_unit_test_log_merkle_SOURCES = tests/unit/test_log_merkle.c
tests_unit_test_log_merkle_CFLAGS = $(unit_cflags)
tests_unit_test_log_merkle_LDADD = $(unit_ldadd)
tests_unit_test_log_note_SOURCES = tests/unit/test_log_note.c
tests_unit_test_log_note_CFLAGS = $(unit_cflags)
tests_unit_test_log_note_LDADD = $(unit_ldadd)
tests_unit_test_log_entry_SOURCES = tests/unit/test_log_entry.c
tests_unit_test_log_entry_CFLAGS = $(unit_cflags)
tests_unit_test_log_entry_LDADD = $(unit_ldadd)
tests_unit_test_log_refused_SOURCES = tests/unit/test_log_refused.c tests/unit/refused.h
tests_unit_test_log_refused_CFLAGS = $(unit_cflags)
tests_unit_test_log_refused_LDADD = $(unit_ldadd)
