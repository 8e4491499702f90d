gate_tests = tests/unit/test_gate_log
TESTS += $(gate_tests)
check_PROGRAMS += $(gate_tests)
tests_unit_test_gate_log_SOURCES = tests/unit/test_gate_log.c $(household)
tests_unit_test_gate_log_CFLAGS = $(unit_cflags) -I$(top_srcdir)/tests
tests_unit_test_gate_log_LDADD = tests/fault/libcutvfs.la $(household_ldadd)
