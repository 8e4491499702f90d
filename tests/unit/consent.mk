consent_tests = tests/unit/test_consent tests/unit/test_consent_decide tests/unit/test_consent_record \
	tests/unit/test_consent_rules
TESTS += $(consent_tests)
check_PROGRAMS += $(consent_tests)
tests_unit_test_consent_SOURCES = tests/unit/test_consent.c
tests_unit_test_consent_CFLAGS = $(unit_cflags)
tests_unit_test_consent_LDADD = $(unit_ldadd)
tests_unit_test_consent_decide_SOURCES = tests/unit/test_consent_decide.c
tests_unit_test_consent_decide_CFLAGS = $(unit_cflags)
tests_unit_test_consent_decide_LDADD = $(unit_ldadd)
tests_unit_test_consent_record_SOURCES = tests/unit/test_consent_record.c
tests_unit_test_consent_record_CFLAGS = $(unit_cflags)
tests_unit_test_consent_record_LDADD = $(unit_ldadd)
tests_unit_test_consent_rules_SOURCES = tests/unit/test_consent_rules.c
tests_unit_test_consent_rules_CFLAGS = $(unit_cflags)
tests_unit_test_consent_rules_LDADD = $(unit_ldadd)
