# How much of the rooms that promises rest on the tests go through; see doc/coverage.md.
EXTRA_DIST += tests/coverage/run tests/coverage/measure tests/coverage/explained \
	tests/coverage/flush.h
coverage:
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/coverage/run
.PHONY: coverage
