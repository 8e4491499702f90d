# cutvfs: a disk in memory under SQLite whose power can be cut (see cutvfs.h). A fault test is
#   tests_fault_test_x_CFLAGS = $(fault_cflags)
#   tests_fault_test_x_LDADD = $(fault_ldadd)
fault_cflags = $(unit_cflags) -I$(top_srcdir)/tests
fault_ldadd = tests/fault/libcutvfs.la $(unit_ldadd)
check_LTLIBRARIES += tests/fault/libcutvfs.la
tests_fault_libcutvfs_la_SOURCES = \
	tests/fault/cutvfs.h tests/fault/cutvfs.c \
	tests/fault/cutlocks.h tests/fault/cutlocks.c \
	tests/fault/cutdisk.h tests/fault/cutdisk.c \
	tests/fault/cutpower.c \
	tests/fault/cutcopies.c \
	tests/fault/cuthistory.c
# realloc stays realloc: test_memory lets malloc fail, which this disk does not live with.
tests_fault_libcutvfs_la_CFLAGS = $(AM_CFLAGS) -I$(top_srcdir)/tests -fno-builtin-realloc
tests_fault_libcutvfs_la_LIBADD = $(SQLITE_LIBS)

TESTS += tests/fault/test_cutdisk tests/fault/test_cutvfs
check_PROGRAMS += tests/fault/test_cutdisk tests/fault/test_cutvfs
tests_fault_test_cutdisk_SOURCES = tests/fault/test_cutdisk.c
tests_fault_test_cutdisk_CFLAGS = $(fault_cflags)
tests_fault_test_cutdisk_LDADD = $(fault_ldadd)
tests_fault_test_cutvfs_SOURCES = tests/fault/test_cutvfs.c
tests_fault_test_cutvfs_CFLAGS = $(fault_cflags)
tests_fault_test_cutvfs_LDADD = $(fault_ldadd)

# Fault tests of the whole library. The long programs are the same sources with FAULT_LONG: every
# event, every bit, more rounds.
life_sources = tests/fault/life.h tests/fault/life.c
life_ldadd = $(fault_ldadd) -lm
attack_sources = tests/fault/attack.h tests/fault/attack_inside.h tests/fault/attack.c \
	tests/fault/attack_open.c

TESTS += tests/fault/test_cuts
check_PROGRAMS += tests/fault/test_cuts
tests_fault_test_cuts_SOURCES = tests/fault/test_cuts.c tests/fault/cuts.h tests/fault/cuts.c \
	tests/fault/cuts_changes.c tests/fault/cuts_storage.c tests/fault/cuts_recording.c \
	tests/fault/cuts_creation.c $(life_sources) $(attack_sources)
tests_fault_test_cuts_CFLAGS = $(fault_cflags)
tests_fault_test_cuts_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_cuts
CHECK_LONG += tests/fault/long_cuts
tests_fault_long_cuts_SOURCES = $(tests_fault_test_cuts_SOURCES)
tests_fault_long_cuts_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_cuts_CFLAGS = $(fault_cflags)
tests_fault_long_cuts_LDADD = $(life_ldadd)

TESTS += tests/fault/test_past
check_PROGRAMS += tests/fault/test_past
tests_fault_test_past_SOURCES = tests/fault/test_past.c $(life_sources)
tests_fault_test_past_CFLAGS = $(fault_cflags)
tests_fault_test_past_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_past
CHECK_LONG += tests/fault/long_past
tests_fault_long_past_SOURCES = $(tests_fault_test_past_SOURCES)
tests_fault_long_past_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_past_CFLAGS = $(fault_cflags)
tests_fault_long_past_LDADD = $(life_ldadd)
TESTS += tests/fault/test_root_move
check_PROGRAMS += tests/fault/test_root_move
tests_fault_test_root_move_SOURCES = tests/fault/test_root_move.c $(life_sources)
tests_fault_test_root_move_CFLAGS = $(fault_cflags)
tests_fault_test_root_move_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_root_move
CHECK_LONG += tests/fault/long_root_move
tests_fault_long_root_move_SOURCES = $(tests_fault_test_root_move_SOURCES)
tests_fault_long_root_move_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_root_move_CFLAGS = $(fault_cflags)
tests_fault_long_root_move_LDADD = $(life_ldadd)

# So that key files lie on the disk whose power is cut.
cutfiles_ldflags = $(AM_LDFLAGS) -Wl,--wrap=vpi_file_open,--wrap=vpi_file_open_locked,--wrap=vpi_file_write_at \
	-Wl,--wrap=vpi_file_sync,--wrap=vpi_file_sync_folder,--wrap=unlink
TESTS += tests/fault/test_root_slots
check_PROGRAMS += tests/fault/test_root_slots
tests_fault_test_root_slots_SOURCES = tests/fault/test_root_slots.c tests/fault/cutfiles.h \
	tests/fault/cutfiles.c $(life_sources)
tests_fault_test_root_slots_CFLAGS = $(fault_cflags)
tests_fault_test_root_slots_LDFLAGS = $(cutfiles_ldflags)
tests_fault_test_root_slots_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_root_slots
CHECK_LONG += tests/fault/long_root_slots
tests_fault_long_root_slots_SOURCES = $(tests_fault_test_root_slots_SOURCES)
tests_fault_long_root_slots_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_root_slots_CFLAGS = $(fault_cflags)
tests_fault_long_root_slots_LDFLAGS = $(cutfiles_ldflags)
tests_fault_long_root_slots_LDADD = $(life_ldadd)

TESTS += tests/fault/test_history
check_PROGRAMS += tests/fault/test_history
tests_fault_test_history_SOURCES = tests/fault/test_history.c $(life_sources) $(attack_sources)
tests_fault_test_history_CFLAGS = $(fault_cflags)
tests_fault_test_history_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_history
CHECK_LONG += tests/fault/long_history
tests_fault_long_history_SOURCES = $(tests_fault_test_history_SOURCES)
tests_fault_long_history_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_history_CFLAGS = $(fault_cflags)
tests_fault_long_history_LDADD = $(life_ldadd)

# The same for a whole life, told by a process that is killed now and then, and judged by a decryptor
# that was written from doc/format.md.
check_PROGRAMS += tests/fault/attacked
tests_fault_attacked_SOURCES = tests/fault/attacked.c tests/fault/attacked_world.h \
	tests/fault/attacked_world.c tests/fault/keeper.h tests/fault/keeper.c
tests_fault_attacked_CFLAGS = $(AM_CFLAGS) -I$(top_srcdir)/tests
tests_fault_attacked_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pwrite,--wrap=fdatasync \
	-Wl,--wrap=vpi_block_seal,--wrap=vpi_tree_shred
tests_fault_attacked_LDADD = lib/librooms.la $(VPRIV_LIBS)
TESTS += tests/fault/test-attacker
CHECK_LONG += tests/fault/long-attacker
check-long: tests/fault/attacked$(EXEEXT)
EXTRA_DIST += tests/fault/test-attacker tests/fault/long-attacker tests/fault/attacker.py \
	tests/fault/life_judge.py tests/fault/pages.py

TESTS += tests/fault/test_flips
check_PROGRAMS += tests/fault/test_flips
tests_fault_test_flips_SOURCES = tests/fault/test_flips.c $(life_sources) \
	tests/fault/answers.h tests/fault/answers.c tests/fault/flips.h tests/fault/flips.c \
	tests/fault/shards.h tests/fault/shards.c
tests_fault_test_flips_CFLAGS = $(fault_cflags)
tests_fault_test_flips_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_flips
CHECK_LONG += tests/fault/long_flips
tests_fault_long_flips_SOURCES = $(tests_fault_test_flips_SOURCES)
tests_fault_long_flips_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_flips_CFLAGS = $(fault_cflags)
tests_fault_long_flips_LDADD = $(life_ldadd)

TESTS += tests/fault/test_full
check_PROGRAMS += tests/fault/test_full
tests_fault_test_full_SOURCES = tests/fault/test_full.c $(life_sources)
tests_fault_test_full_CFLAGS = $(fault_cflags)
tests_fault_test_full_LDADD = $(life_ldadd)

TESTS += tests/fault/test_reserve
check_PROGRAMS += tests/fault/test_reserve
tests_fault_test_reserve_SOURCES = tests/fault/test_reserve.c
tests_fault_test_reserve_CFLAGS = $(fault_cflags)
tests_fault_test_reserve_LDADD = $(household_ldadd)

TESTS += tests/fault/test_kill
check_PROGRAMS += tests/fault/test_kill
tests_fault_test_kill_SOURCES = tests/fault/test_kill.c $(life_sources)
tests_fault_test_kill_CFLAGS = $(fault_cflags)
tests_fault_test_kill_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_kill
CHECK_LONG += tests/fault/long_kill
tests_fault_long_kill_SOURCES = $(tests_fault_test_kill_SOURCES)
tests_fault_long_kill_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_kill_CFLAGS = $(fault_cflags)
tests_fault_long_kill_LDADD = $(life_ldadd)

EXTRA_DIST += tests/fault/long-ext4
CHECK_LONG += tests/fault/long-ext4
check-long: tests/fault/long_kill$(EXEEXT)

memory_ldflags = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup \
	-Wl,--wrap=sodium_malloc,--wrap=sodium_mlock
TESTS += tests/fault/test_memory
check_PROGRAMS += tests/fault/test_memory
tests_fault_test_memory_SOURCES = tests/fault/test_memory.c $(life_sources)
tests_fault_test_memory_CFLAGS = $(fault_cflags)
tests_fault_test_memory_LDFLAGS = $(memory_ldflags)
tests_fault_test_memory_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_memory
CHECK_LONG += tests/fault/long_memory
tests_fault_long_memory_SOURCES = $(tests_fault_test_memory_SOURCES)
tests_fault_long_memory_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_memory_CFLAGS = $(fault_cflags)
tests_fault_long_memory_LDFLAGS = $(memory_ldflags)
tests_fault_long_memory_LDADD = $(life_ldadd)

# A process that records planted sound, searched from outside. Sanitizers keep what was freed, lock
# nothing, and want no core dumps.
check_PROGRAMS += tests/fault/planter tests/fault/plants
tests_fault_planter_SOURCES = tests/fault/planter.c tests/fault/plants.h
tests_fault_planter_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/tests -D_GNU_SOURCE
tests_fault_planter_LDADD = libvoicepriv.la
tests_fault_plants_SOURCES = tests/fault/plants.c tests/fault/plants.h
tests_fault_plants_CPPFLAGS = -I$(top_srcdir)/tests -D_GNU_SOURCE
EXTRA_DIST += tests/fault/forgetting.py tests/fault/test-forgetting tests/fault/long-swap
check-long: tests/fault/planter$(EXEEXT) tests/fault/plants$(EXEEXT)
if !SANITIZERS
TESTS += tests/fault/test-forgetting
CHECK_LONG += tests/fault/long-swap
endif

TESTS += tests/fault/test_triggers
check_PROGRAMS += tests/fault/test_triggers
tests_fault_test_triggers_SOURCES = tests/fault/test_triggers.c tests/fault/shift.h \
	tests/fault/shift.c $(attack_sources)
tests_fault_test_triggers_CFLAGS = $(fault_cflags)
# So that the test turns the recorder's clock, and knows the key of every block.
tests_fault_test_triggers_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_monotonic_us \
	-Wl,--wrap=vpi_block_seal
tests_fault_test_triggers_LDADD = $(household_ldadd)
EXTRA_PROGRAMS += tests/fault/long_triggers
CHECK_LONG += tests/fault/long_triggers
tests_fault_long_triggers_SOURCES = $(tests_fault_test_triggers_SOURCES)
tests_fault_long_triggers_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_triggers_CFLAGS = $(fault_cflags)
tests_fault_long_triggers_LDFLAGS = $(tests_fault_test_triggers_LDFLAGS)
tests_fault_long_triggers_LDADD = $(household_ldadd)

TESTS += tests/fault/test_reviewers
check_PROGRAMS += tests/fault/test_reviewers
tests_fault_test_reviewers_SOURCES = tests/fault/test_reviewers.c $(attack_sources)
tests_fault_test_reviewers_CFLAGS = $(fault_cflags)
tests_fault_test_reviewers_LDADD = $(household_ldadd)

below_ldflags = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_step
TESTS += tests/fault/test_below
check_PROGRAMS += tests/fault/test_below
tests_fault_test_below_SOURCES = tests/fault/test_below.c $(life_sources)
tests_fault_test_below_CFLAGS = $(fault_cflags)
tests_fault_test_below_LDFLAGS = $(below_ldflags)
tests_fault_test_below_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_below
CHECK_LONG += tests/fault/long_below
tests_fault_long_below_SOURCES = $(tests_fault_test_below_SOURCES)
tests_fault_long_below_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_below_CFLAGS = $(fault_cflags)
tests_fault_long_below_LDFLAGS = $(below_ldflags)
tests_fault_long_below_LDADD = $(life_ldadd)

# Every call of the system and of the allocator fails once, and from then on. These programs have malloc, pread
# and the rest of their own; sanitizers have theirs.
if !SANITIZERS
sweep_sources = tests/fault/test_sweep.c tests/fault/trial.h tests/fault/trial.c \
	tests/fault/faults.h tests/fault/faults.c tests/fault/faults_memory.c tests/fault/faults_files.c \
	tests/fault/unsynced.c tests/fault/sweep.h tests/fault/sweep.c tests/fault/sweep_people.c \
	tests/fault/sweep_sound.c tests/fault/sweep_storage.c tests/fault/sweep_share.c \
	tests/fault/sweep_roots.c $(life_sources)
TESTS += tests/fault/test_sweep
check_PROGRAMS += tests/fault/test_sweep
tests_fault_test_sweep_SOURCES = $(sweep_sources)
tests_fault_test_sweep_CFLAGS = $(fault_cflags) -fno-builtin
tests_fault_test_sweep_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_sweep
CHECK_LONG += tests/fault/long_sweep
tests_fault_long_sweep_SOURCES = $(sweep_sources)
tests_fault_long_sweep_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_sweep_CFLAGS = $(fault_cflags) -fno-builtin
tests_fault_long_sweep_LDADD = $(life_ldadd)
CHECK_LONG += tests/fault/long-valgrind

# Every change that a call makes to a folder is its last; of making a vault every third.
TESTS += tests/fault/test_deaths
check_PROGRAMS += tests/fault/test_deaths
tests_fault_test_deaths_SOURCES = tests/fault/test_deaths.c tests/fault/deaths.h tests/fault/deaths.c \
	tests/fault/faults.h tests/fault/faults.c tests/fault/faults_memory.c tests/fault/faults_files.c \
	tests/fault/unsynced.c $(life_sources)
tests_fault_test_deaths_CFLAGS = $(fault_cflags) -fno-builtin
tests_fault_test_deaths_LDADD = $(life_ldadd)
EXTRA_PROGRAMS += tests/fault/long_deaths
CHECK_LONG += tests/fault/long_deaths
tests_fault_long_deaths_SOURCES = $(tests_fault_test_deaths_SOURCES)
tests_fault_long_deaths_CPPFLAGS = $(AM_CPPFLAGS) -DFAULT_LONG
tests_fault_long_deaths_CFLAGS = $(fault_cflags) -fno-builtin
tests_fault_long_deaths_LDADD = $(life_ldadd)
endif
CHECK_LONG += tests/fault/long-threads
EXTRA_DIST += tests/fault/long-valgrind tests/fault/valgrind.supp tests/fault/long-threads
