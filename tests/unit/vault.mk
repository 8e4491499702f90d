# The upper rooms share a household: a vault, people, a clock, and an attacker.
household = tests/unit/household.c tests/unit/household.h
household_ldadd = $(unit_ldadd) -lm

vault_tests = tests/unit/test_vault_deny \
	tests/unit/test_vault_consent
TESTS += $(vault_tests)
check_PROGRAMS += $(vault_tests)
tests_unit_test_vault_deny_SOURCES = tests/unit/test_vault_deny.c $(household)
tests_unit_test_vault_deny_CFLAGS = $(unit_cflags)
tests_unit_test_vault_deny_LDADD = $(household_ldadd)
tests_unit_test_vault_consent_SOURCES = tests/unit/test_vault_consent.c $(household)
tests_unit_test_vault_consent_CFLAGS = $(unit_cflags)
tests_unit_test_vault_consent_LDADD = $(household_ldadd)
