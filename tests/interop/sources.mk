# Receipts in the hands of others: JOSE libraries of Python and Node, a JSON-LD processor, released terms.
TESTS += tests/interop/test-receipts
check_PROGRAMS += tests/interop/makereceipts
tests_interop_makereceipts_SOURCES = tests/interop/makereceipts.c
tests_interop_makereceipts_CFLAGS = $(unit_cflags) -I$(top_srcdir)/tests/unit
tests_interop_makereceipts_LDADD = $(household_ldadd)
EXTRA_DIST += tests/interop/test-receipts tests/interop/verify.js tests/interop/dpv-2.3-terms.txt
