TESTS += tests/unit/test_capture_push tests/unit/test_capture_file tests/unit/test_capture_open \
	tests/unit/test_capture_pace
check_PROGRAMS += tests/unit/test_capture_push tests/unit/test_capture_file \
	tests/unit/test_capture_open tests/unit/test_capture_pace
tests_unit_test_capture_open_SOURCES = tests/unit/test_capture_open.c
tests_unit_test_capture_open_CFLAGS = $(unit_cflags)
tests_unit_test_capture_open_LDADD = $(unit_ldadd)
tests_unit_test_capture_pace_SOURCES = tests/unit/test_capture_pace.c
tests_unit_test_capture_pace_CFLAGS = $(unit_cflags)
tests_unit_test_capture_pace_LDADD = $(unit_ldadd)
tests_unit_test_capture_push_SOURCES = tests/unit/test_capture_push.c
tests_unit_test_capture_push_CFLAGS = $(unit_cflags)
tests_unit_test_capture_push_LDADD = $(unit_ldadd)
tests_unit_test_capture_file_SOURCES = tests/unit/test_capture_file.c
tests_unit_test_capture_file_CFLAGS = $(unit_cflags)
tests_unit_test_capture_file_LDADD = $(unit_ldadd)
