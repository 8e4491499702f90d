TESTS += tests/unit/test_packets_opus tests/unit/test_packets_ogg tests/unit/test_packets_bad
check_PROGRAMS += tests/unit/test_packets_opus tests/unit/test_packets_ogg \
	tests/unit/test_packets_bad
tests_unit_test_packets_opus_SOURCES = tests/unit/test_packets_opus.c tests/unit/test_packets_help.h
tests_unit_test_packets_opus_CFLAGS = $(unit_cflags)
tests_unit_test_packets_opus_LDADD = $(unit_ldadd)
tests_unit_test_packets_ogg_SOURCES = tests/unit/test_packets_ogg.c tests/unit/test_packets_help.h
tests_unit_test_packets_ogg_CFLAGS = $(unit_cflags)
tests_unit_test_packets_ogg_LDADD = $(unit_ldadd)
tests_unit_test_packets_bad_SOURCES = tests/unit/test_packets_bad.c tests/unit/test_packets_help.h
tests_unit_test_packets_bad_CFLAGS = $(unit_cflags)
tests_unit_test_packets_bad_LDADD = $(unit_ldadd)
