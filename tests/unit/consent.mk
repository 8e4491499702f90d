consent_tests = tests/unit/test_consent tests/unit/test_consent_decide tests/unit/test_consent_record \
	tests/unit/test_consent_refused tests/unit/test_consent_rules tests/unit/test_consent_notice \
	tests/unit/test_consent_merge
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
tests_unit_test_consent_refused_SOURCES = tests/unit/test_consent_refused.c tests/unit/refused.h
tests_unit_test_consent_refused_CFLAGS = $(unit_cflags)
tests_unit_test_consent_refused_LDADD = $(unit_ldadd)
tests_unit_test_consent_rules_SOURCES = tests/unit/test_consent_rules.c
tests_unit_test_consent_rules_CFLAGS = $(unit_cflags)
tests_unit_test_consent_rules_LDADD = $(unit_ldadd)
tests_unit_test_consent_notice_SOURCES = tests/unit/test_consent_notice.c
tests_unit_test_consent_notice_CFLAGS = $(unit_cflags)
tests_unit_test_consent_notice_LDADD = $(unit_ldadd)
tests_unit_test_consent_merge_SOURCES = tests/unit/test_consent_merge.c
tests_unit_test_consent_merge_CFLAGS = $(unit_cflags)
tests_unit_test_consent_merge_LDADD = $(unit_ldadd)
