# The format, checked from outside: an independent reader in Python reads what the library writes.
check_PROGRAMS += tests/vectors/drivevault
tests_vectors_drivevault_SOURCES = tests/vectors/drivevault.c
tests_vectors_drivevault_LDADD = lib/librooms.la $(VPRIV_LIBS)
TESTS += tests/vectors/check-vault
EXTRA_DIST += tests/vectors/decrypt.py tests/vectors/check-vault
