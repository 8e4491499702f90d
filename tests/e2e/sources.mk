# The command line and the examples from outside, as people and scripts use them.
e2e_tests = \
	tests/e2e/test-commands \
	tests/e2e/test-exit-codes \
	tests/e2e/test-bad-input \
	tests/e2e/test-notices \
	tests/e2e/test-sync \
	tests/e2e/test-past \
	tests/e2e/test-root \
	tests/e2e/test-receipts \
	tests/e2e/test-requirements \
	tests/e2e/test-processes \
	tests/e2e/test-inventory \
	tests/e2e/test-storage \
	tests/e2e/test-derivatives \
	tests/e2e/test-story \
	tests/e2e/test-speakers \
	tests/e2e/test-examples
EXTRA_DIST += tests/e2e/test-triggers
# With microphones of a sound server, as in tests/sound/.
if HAVE_PULSE
e2e_tests += tests/e2e/test-triggers
endif
TESTS += $(e2e_tests)
EXTRA_DIST += $(e2e_tests) tests/e2e/e2e.py tests/e2e/shim.c scripts/story
