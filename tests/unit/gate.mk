known = tests/unit/known.c tests/unit/known.h

gate_tests = tests/unit/test_gate_derivative tests/unit/test_gate_log tests/unit/test_gate_lost \
	tests/unit/test_gate_out tests/unit/test_gate_past tests/unit/test_gate_refused
TESTS += $(gate_tests)
check_PROGRAMS += $(gate_tests)
tests_unit_test_gate_derivative_SOURCES = tests/unit/test_gate_derivative.c $(derived)
tests_unit_test_gate_derivative_CFLAGS = $(unit_cflags)
tests_unit_test_gate_derivative_LDADD = $(household_ldadd)
tests_unit_test_gate_log_SOURCES = tests/unit/test_gate_log.c
tests_unit_test_gate_log_CFLAGS = $(unit_cflags) -I$(top_srcdir)/tests
tests_unit_test_gate_log_LDADD = tests/fault/libcutvfs.la $(household_ldadd)
tests_unit_test_gate_lost_SOURCES = tests/unit/test_gate_lost.c tests/unit/refused.h $(known)
tests_unit_test_gate_lost_CFLAGS = $(unit_cflags)
tests_unit_test_gate_lost_LDADD = $(household_ldadd)
tests_unit_test_gate_out_SOURCES = tests/unit/test_gate_out.c tests/unit/refused.h $(known)
tests_unit_test_gate_out_CFLAGS = $(unit_cflags)
tests_unit_test_gate_out_LDADD = $(household_ldadd)
tests_unit_test_gate_refused_SOURCES = tests/unit/test_gate_refused.c tests/unit/refused.h $(known)
tests_unit_test_gate_refused_CFLAGS = $(unit_cflags)
tests_unit_test_gate_refused_LDADD = $(household_ldadd)
tests_unit_test_gate_past_SOURCES = tests/unit/test_gate_past.c
tests_unit_test_gate_past_CFLAGS = $(unit_cflags)
tests_unit_test_gate_past_LDADD = $(household_ldadd)
