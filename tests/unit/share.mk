receipts = tests/unit/receipts.c tests/unit/receipts.h
salvage_world = tests/unit/salvage_world.c tests/unit/salvage_world.h

share_tests = tests/unit/test_share_receipt tests/unit/test_share_receipt_signed tests/unit/test_share_jose \
	tests/unit/test_share_effects tests/unit/test_share_inventory \
	tests/unit/test_share_recalls tests/unit/test_share_salvage \
	tests/unit/test_share_salvage_pages tests/unit/test_share_salvage_consent
TESTS += $(share_tests)
check_PROGRAMS += $(share_tests)
tests_unit_test_share_receipt_SOURCES = tests/unit/test_share_receipt.c $(receipts)
tests_unit_test_share_receipt_CFLAGS = $(unit_cflags)
tests_unit_test_share_receipt_LDADD = $(household_ldadd)
tests_unit_test_share_receipt_signed_SOURCES = tests/unit/test_share_receipt_signed.c $(receipts)
tests_unit_test_share_receipt_signed_CFLAGS = $(unit_cflags)
tests_unit_test_share_receipt_signed_LDADD = $(household_ldadd)
tests_unit_test_share_jose_SOURCES = tests/unit/test_share_jose.c
tests_unit_test_share_jose_CFLAGS = $(unit_cflags)
tests_unit_test_share_jose_LDADD = $(unit_ldadd)
tests_unit_test_share_effects_SOURCES = tests/unit/test_share_effects.c
tests_unit_test_share_effects_CFLAGS = $(unit_cflags)
tests_unit_test_share_effects_LDADD = $(household_ldadd)
tests_unit_test_share_inventory_SOURCES = tests/unit/test_share_inventory.c
tests_unit_test_share_inventory_CFLAGS = $(unit_cflags)
tests_unit_test_share_inventory_LDADD = $(household_ldadd)
tests_unit_test_share_recalls_SOURCES = tests/unit/test_share_recalls.c
tests_unit_test_share_recalls_CFLAGS = $(unit_cflags)
tests_unit_test_share_recalls_LDADD = $(household_ldadd)
tests_unit_test_share_salvage_SOURCES = tests/unit/test_share_salvage.c $(salvage_world)
tests_unit_test_share_salvage_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_share_salvage_LDADD = $(household_ldadd) $(JANSSON_LIBS)
tests_unit_test_share_salvage_pages_SOURCES = tests/unit/test_share_salvage_pages.c $(salvage_world) $(unread)
tests_unit_test_share_salvage_pages_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
# So that pages cannot be read.
tests_unit_test_share_salvage_pages_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pread
tests_unit_test_share_salvage_pages_LDADD = $(household_ldadd) $(JANSSON_LIBS)
tests_unit_test_share_salvage_consent_SOURCES = tests/unit/test_share_salvage_consent.c $(salvage_world)
tests_unit_test_share_salvage_consent_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_share_salvage_consent_LDADD = $(household_ldadd) $(JANSSON_LIBS)
