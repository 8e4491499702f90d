keys_tests = tests/unit/test_keys_seal tests/unit/test_keys_root tests/unit/test_keys_passphrase \
	tests/unit/test_keys_root_processes \
	tests/unit/test_keys_kernel tests/unit/test_keys_keyring \
	tests/unit/test_keys_recording tests/unit/test_keys_tree \
	tests/unit/test_keys_tree_damage tests/unit/test_keys_tree_shared \
	tests/unit/test_keys_forgetting tests/unit/test_keys_crash \
	tests/unit/test_keys_memory tests/unit/test_keys_stack tests/unit/test_keys_path \
	tests/unit/test_keys_refused
TESTS += $(keys_tests)
check_PROGRAMS += $(keys_tests)
EXTRA_DIST += tests/unit/test_keys_help.h tests/unit/test_keys_tree_help.h
tests_unit_test_keys_seal_SOURCES = tests/unit/test_keys_seal.c
tests_unit_test_keys_seal_CFLAGS = $(unit_cflags)
tests_unit_test_keys_seal_LDADD = $(unit_ldadd)
tests_unit_test_keys_refused_SOURCES = tests/unit/test_keys_refused.c tests/unit/refused.h
tests_unit_test_keys_refused_CFLAGS = $(unit_cflags)
# So that a test answers for the kernel.
tests_unit_test_keys_refused_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
tests_unit_test_keys_refused_LDADD = $(unit_ldadd)
tests_unit_test_keys_root_SOURCES = tests/unit/test_keys_root.c
tests_unit_test_keys_root_CFLAGS = $(unit_cflags)
tests_unit_test_keys_root_LDADD = $(unit_ldadd)
tests_unit_test_keys_root_processes_SOURCES = tests/unit/test_keys_root_processes.c
tests_unit_test_keys_root_processes_CFLAGS = $(unit_cflags)
tests_unit_test_keys_root_processes_LDADD = $(unit_ldadd)
tests_unit_test_keys_keyring_SOURCES = tests/unit/test_keys_keyring.c
tests_unit_test_keys_keyring_CFLAGS = $(unit_cflags)
tests_unit_test_keys_keyring_LDADD = $(unit_ldadd)
tests_unit_test_keys_recording_SOURCES = tests/unit/test_keys_recording.c
tests_unit_test_keys_recording_CFLAGS = $(unit_cflags)
tests_unit_test_keys_recording_LDADD = $(unit_ldadd)
tests_unit_test_keys_tree_SOURCES = tests/unit/test_keys_tree.c
tests_unit_test_keys_tree_CFLAGS = $(unit_cflags)
tests_unit_test_keys_tree_LDADD = $(unit_ldadd)
tests_unit_test_keys_tree_damage_SOURCES = tests/unit/test_keys_tree_damage.c
tests_unit_test_keys_tree_damage_CFLAGS = $(unit_cflags)
tests_unit_test_keys_tree_damage_LDADD = $(unit_ldadd)
tests_unit_test_keys_tree_shared_SOURCES = tests/unit/test_keys_tree_shared.c
tests_unit_test_keys_tree_shared_CFLAGS = $(unit_cflags)
tests_unit_test_keys_tree_shared_LDADD = $(unit_ldadd)
tests_unit_test_keys_forgetting_SOURCES = tests/unit/test_keys_forgetting.c
tests_unit_test_keys_forgetting_CFLAGS = $(unit_cflags)
tests_unit_test_keys_forgetting_LDADD = $(unit_ldadd)
tests_unit_test_keys_crash_SOURCES = tests/unit/test_keys_crash.c
tests_unit_test_keys_crash_CFLAGS = $(unit_cflags)
tests_unit_test_keys_crash_LDADD = $(unit_ldadd)
tests_unit_test_keys_memory_SOURCES = tests/unit/test_keys_memory.c
tests_unit_test_keys_memory_CFLAGS = $(unit_cflags)
tests_unit_test_keys_memory_LDADD = $(unit_ldadd)
tests_unit_test_keys_stack_SOURCES = tests/unit/test_keys_stack.c
tests_unit_test_keys_stack_CFLAGS = $(unit_cflags)
tests_unit_test_keys_stack_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sodium_stackzero
tests_unit_test_keys_stack_LDADD = $(unit_ldadd)
tests_unit_test_keys_path_SOURCES = tests/unit/test_keys_path.c
tests_unit_test_keys_path_CFLAGS = $(unit_cflags)
tests_unit_test_keys_path_LDADD = $(unit_ldadd)
tests_unit_test_keys_passphrase_SOURCES = tests/unit/test_keys_passphrase.c
tests_unit_test_keys_passphrase_CFLAGS = $(unit_cflags)
tests_unit_test_keys_passphrase_LDADD = $(unit_ldadd)
tests_unit_test_keys_kernel_SOURCES = tests/unit/test_keys_kernel.c
tests_unit_test_keys_kernel_CFLAGS = $(unit_cflags)
tests_unit_test_keys_kernel_LDADD = $(unit_ldadd)
if HAVE_TPM
TESTS += tests/unit/test_keys_tpm
check_PROGRAMS += tests/unit/test_keys_tpm
tests_unit_test_keys_tpm_SOURCES = tests/unit/test_keys_tpm.c tests/unit/software_tpm.h tests/unit/software_tpm.c
tests_unit_test_keys_tpm_CFLAGS = $(unit_cflags)
tests_unit_test_keys_tpm_LDADD = $(unit_ldadd)
TESTS += tests/unit/test_keys_tpm_shared
check_PROGRAMS += tests/unit/test_keys_tpm_shared
tests_unit_test_keys_tpm_shared_SOURCES = tests/unit/test_keys_tpm_shared.c tests/unit/software_tpm.h tests/unit/software_tpm.c
tests_unit_test_keys_tpm_shared_CFLAGS = $(unit_cflags)
tests_unit_test_keys_tpm_shared_LDADD = $(unit_ldadd)
endif
