# The format, checked from outside. makevectors writes text vectors with the library, and the ones in
# the tree must be those; an independent reader in Python, written from doc/format.md, judges them and
# real vaults. After a change of format, on purpose: make tests/vectors/makevectors &&
# tests/vectors/makevectors $(srcdir)/tests/vectors
check_PROGRAMS += tests/vectors/drivevault tests/vectors/makevectors
tests_vectors_drivevault_SOURCES = tests/vectors/drivevault.c
tests_vectors_drivevault_LDADD = lib/librooms.la $(VPRIV_LIBS)
tests_vectors_makevectors_SOURCES = tests/vectors/vectors.h tests/vectors/fixed_random.h tests/vectors/fixed_random.c tests/vectors/makevectors.c \
	tests/vectors/vectors_rows.c tests/vectors/vectors_files.c \
	tests/vectors/vectors_recordings.c tests/vectors/vectors_records.c \
	tests/vectors/vectors_vault.c
# How long the machine has run is the same each time, too.
tests_vectors_makevectors_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_running_us
tests_vectors_makevectors_LDADD = lib/librooms.la $(VPRIV_LIBS)
format_checks = tests/vectors/check-vectors tests/vectors/check-vault tests/vectors/check-words \
	tests/vectors/check-inventory
TESTS += $(format_checks)
EXTRA_DIST += $(format_checks) tests/vectors/decrypt.py tests/vectors/reader/__init__.py \
	tests/vectors/reader/primitives.py tests/vectors/reader/files.py tests/vectors/reader/rows.py \
	tests/vectors/reader/log.py tests/vectors/reader/vault.py tests/vectors/reader/attack.py \
	tests/vectors/sealed-row.txt \
	tests/vectors/padded-row.txt tests/vectors/derive.txt tests/vectors/root-file.txt tests/vectors/passphrase-file.txt \
	tests/vectors/keyring.txt tests/vectors/wrap.txt tests/vectors/block.txt \
	tests/vectors/tag.txt tests/vectors/consent-record.txt tests/vectors/log-entry.txt \
	tests/vectors/log-leaf.txt tests/vectors/checkpoint.txt tests/vectors/vault.txt
# S23 with other and more vaults.
EXTRA_DIST += tests/vectors/long-inventory
CHECK_LONG += tests/vectors/long-inventory
check-long: tests/vectors/drivevault$(EXEEXT)
