TESTS += tests/unit/test_base tests/unit/test_base_files
check_PROGRAMS += tests/unit/test_base tests/unit/test_base_files
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_CFLAGS = $(unit_cflags)
tests_unit_test_base_LDADD = $(unit_ldadd)
tests_unit_test_base_files_SOURCES = tests/unit/test_base_files.c
tests_unit_test_base_files_CFLAGS = $(unit_cflags)
tests_unit_test_base_files_LDADD = $(unit_ldadd)
TESTS += tests/unit/test_base_thread
check_PROGRAMS += tests/unit/test_base_thread
tests_unit_test_base_thread_SOURCES = tests/unit/test_base_thread.c
tests_unit_test_base_thread_CFLAGS = $(unit_cflags)
tests_unit_test_base_thread_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sodium_mlock,--wrap=madvise \
	-Wl,--wrap=munmap,--wrap=pthread_create
tests_unit_test_base_thread_LDADD = $(unit_ldadd)
TESTS += tests/unit/test_base_faults
check_PROGRAMS += tests/unit/test_base_faults
tests_unit_test_base_faults_SOURCES = tests/unit/test_base_faults.c
tests_unit_test_base_faults_CFLAGS = $(unit_cflags)
tests_unit_test_base_faults_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_prepare_v3 \
	-Wl,--wrap=link,--wrap=renameat2,--wrap=open
tests_unit_test_base_faults_LDADD = $(unit_ldadd)
TESTS += tests/unit/test_base_statements
check_PROGRAMS += tests/unit/test_base_statements
tests_unit_test_base_statements_SOURCES = tests/unit/test_base_statements.c
tests_unit_test_base_statements_CFLAGS = $(unit_cflags)
tests_unit_test_base_statements_LDADD = $(unit_ldadd)
