TESTS += tests/unit/test_capture_push tests/unit/test_capture_file
check_PROGRAMS += tests/unit/test_capture_push tests/unit/test_capture_file
tests_unit_test_capture_push_SOURCES = tests/unit/test_capture_push.c
tests_unit_test_capture_push_CFLAGS = $(unit_cflags)
tests_unit_test_capture_push_LDADD = $(unit_ldadd)
tests_unit_test_capture_file_SOURCES = tests/unit/test_capture_file.c
tests_unit_test_capture_file_CFLAGS = $(unit_cflags)
tests_unit_test_capture_file_LDADD = $(unit_ldadd)
