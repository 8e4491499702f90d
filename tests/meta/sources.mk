# Checks of the project by itself; each also proves on mutants that it can fail.
meta_checks = \
	tests/meta/check-headers \
	tests/meta/check-symbols \
	tests/meta/check-rooms \
	tests/meta/check-manpages \
	tests/meta/check-prose \
	tests/meta/check-rows \
	tests/meta/check-howto \
	tests/meta/check-scripts
TESTS += $(meta_checks)
EXTRA_DIST += $(meta_checks) tests/meta/meta.py
