# The upper rooms share a household: a vault, people, a clock, and an attacker; what everybody in it does;
# and how to wait for them.
check_LTLIBRARIES += tests/unit/libhousehold.la
tests_unit_libhousehold_la_SOURCES = tests/unit/household.c tests/unit/household.h \
	tests/unit/deeds.h tests/unit/deeds.c tests/unit/deeds_list.c tests/unit/deeds_more.c \
	tests/unit/waiting.c tests/unit/waiting.h
tests_unit_libhousehold_la_CFLAGS = $(unit_cflags)
household_ldadd = tests/unit/libhousehold.la $(unit_ldadd) -lm
counted = tests/unit/counted.h tests/unit/counted.c
tampered = tests/unit/tampered.c tests/unit/tampered.h
placed = tests/unit/placed.c tests/unit/placed.h
passing = tests/unit/passing.h tests/unit/passing.c
refused_vault = tests/unit/refused_vault.h tests/unit/refused_vault.c tests/unit/refused.h
rebuild_world = tests/unit/rebuild_world.c tests/unit/rebuild_world.h tests/unit/made_rows.c \
	tests/unit/made_rows.h
derived = tests/unit/derived.c tests/unit/derived.h

vault_tests = tests/unit/test_vault_backup \
	tests/unit/test_vault_consent \
	tests/unit/test_vault_damaged \
	tests/unit/test_vault_deny \
	tests/unit/test_vault_envelopes \
	tests/unit/test_vault_derivatives \
	tests/unit/test_vault_derivatives_end \
	tests/unit/test_vault_erase \
	tests/unit/test_vault_false_wakes \
	tests/unit/test_vault_group \
	tests/unit/test_vault_limits \
	tests/unit/test_vault_list \
	tests/unit/test_vault_people \
	tests/unit/test_vault_pauses \
	tests/unit/test_vault_places \
	tests/unit/test_vault_policies \
	tests/unit/test_vault_rebuild \
	tests/unit/test_vault_notices \
	tests/unit/test_vault_order \
	tests/unit/test_vault_refused \
	tests/unit/test_vault_refused_people \
	tests/unit/test_vault_restrict \
	tests/unit/test_vault_retention \
	tests/unit/test_vault_retention_clock \
	tests/unit/test_vault_assurance \
	tests/unit/test_vault_root \
	tests/unit/test_vault_root_place \
	tests/unit/test_vault_create \
	tests/unit/test_vault_scale \
	tests/unit/test_vault_speaker \
	tests/unit/test_vault_steps \
	tests/unit/test_vault_stops \
	tests/unit/test_vault_strays \
	tests/unit/test_vault_sync \
	tests/unit/test_vault_tamper \
	tests/unit/test_vault_times
TESTS += $(vault_tests)
check_PROGRAMS += $(vault_tests)
tests_unit_test_vault_backup_SOURCES = tests/unit/test_vault_backup.c
tests_unit_test_vault_backup_CFLAGS = $(unit_cflags)
tests_unit_test_vault_backup_LDADD = $(household_ldadd)
tests_unit_test_vault_consent_SOURCES = tests/unit/test_vault_consent.c
tests_unit_test_vault_consent_CFLAGS = $(unit_cflags)
tests_unit_test_vault_consent_LDADD = $(household_ldadd)
tests_unit_test_vault_damaged_SOURCES = tests/unit/test_vault_damaged.c
tests_unit_test_vault_damaged_CFLAGS = $(unit_cflags)
tests_unit_test_vault_damaged_LDADD = $(household_ldadd)
tests_unit_test_vault_deny_SOURCES = tests/unit/test_vault_deny.c
tests_unit_test_vault_deny_CFLAGS = $(unit_cflags)
tests_unit_test_vault_deny_LDADD = $(household_ldadd)
tests_unit_test_vault_envelopes_SOURCES = tests/unit/test_vault_envelopes.c $(tampered)
tests_unit_test_vault_envelopes_CFLAGS = $(unit_cflags)
tests_unit_test_vault_envelopes_LDADD = $(household_ldadd)
tests_unit_test_vault_erase_SOURCES = tests/unit/test_vault_erase.c
tests_unit_test_vault_erase_CFLAGS = $(unit_cflags)
tests_unit_test_vault_erase_LDADD = $(household_ldadd)
tests_unit_test_vault_false_wakes_SOURCES = tests/unit/test_vault_false_wakes.c
tests_unit_test_vault_false_wakes_CFLAGS = $(unit_cflags)
tests_unit_test_vault_false_wakes_LDADD = $(household_ldadd)
tests_unit_test_vault_group_SOURCES = tests/unit/test_vault_group.c
tests_unit_test_vault_group_CFLAGS = $(unit_cflags)
tests_unit_test_vault_group_LDADD = $(household_ldadd)
tests_unit_test_vault_limits_SOURCES = tests/unit/test_vault_limits.c tests/unit/refused.h $(counted)
tests_unit_test_vault_limits_CFLAGS = $(unit_cflags)
tests_unit_test_vault_limits_LDADD = $(household_ldadd)
tests_unit_test_vault_order_SOURCES = tests/unit/test_vault_order.c tests/unit/refused.h $(counted)
tests_unit_test_vault_order_CFLAGS = $(unit_cflags)
tests_unit_test_vault_order_LDADD = $(household_ldadd)
tests_unit_test_vault_stops_SOURCES = tests/unit/test_vault_stops.c tests/unit/refused.h $(counted)
tests_unit_test_vault_stops_CFLAGS = $(unit_cflags)
tests_unit_test_vault_stops_LDADD = $(household_ldadd)
tests_unit_test_vault_list_SOURCES = tests/unit/test_vault_list.c
tests_unit_test_vault_list_CFLAGS = $(unit_cflags)
tests_unit_test_vault_list_LDADD = $(household_ldadd)
tests_unit_test_vault_rebuild_SOURCES = tests/unit/test_vault_rebuild.c $(rebuild_world)
tests_unit_test_vault_rebuild_CFLAGS = $(unit_cflags)
tests_unit_test_vault_rebuild_LDADD = $(unit_ldadd)
tests_unit_test_vault_strays_SOURCES = tests/unit/test_vault_strays.c $(rebuild_world)
tests_unit_test_vault_strays_CFLAGS = $(unit_cflags)
tests_unit_test_vault_strays_LDADD = $(unit_ldadd)
tests_unit_test_vault_refused_SOURCES = tests/unit/test_vault_refused.c $(refused_vault)
tests_unit_test_vault_refused_CFLAGS = $(unit_cflags)
tests_unit_test_vault_refused_LDADD = $(household_ldadd)
tests_unit_test_vault_refused_people_SOURCES = tests/unit/test_vault_refused_people.c $(refused_vault)
tests_unit_test_vault_refused_people_CFLAGS = $(unit_cflags)
tests_unit_test_vault_refused_people_LDADD = $(household_ldadd)
tests_unit_test_vault_restrict_SOURCES = tests/unit/test_vault_restrict.c $(passing)
tests_unit_test_vault_restrict_CFLAGS = $(unit_cflags)
# So that a test says how long the machine has run.
tests_unit_test_vault_restrict_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_running_us
tests_unit_test_vault_restrict_LDADD = $(household_ldadd)
tests_unit_test_vault_retention_SOURCES = tests/unit/test_vault_retention.c $(passing)
tests_unit_test_vault_retention_CFLAGS = $(unit_cflags)
tests_unit_test_vault_retention_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_running_us
tests_unit_test_vault_retention_LDADD = $(household_ldadd)
tests_unit_test_vault_retention_clock_SOURCES = tests/unit/test_vault_retention_clock.c $(passing)
tests_unit_test_vault_retention_clock_CFLAGS = $(unit_cflags)
tests_unit_test_vault_retention_clock_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_running_us
tests_unit_test_vault_retention_clock_LDADD = $(household_ldadd)
tests_unit_test_vault_tamper_SOURCES = tests/unit/test_vault_tamper.c $(tampered)
tests_unit_test_vault_tamper_CFLAGS = $(unit_cflags)
tests_unit_test_vault_tamper_LDADD = $(household_ldadd)
tests_unit_test_vault_pauses_SOURCES = tests/unit/test_vault_pauses.c $(placed)
tests_unit_test_vault_pauses_CFLAGS = $(unit_cflags)
tests_unit_test_vault_pauses_LDADD = $(household_ldadd)
tests_unit_test_vault_places_SOURCES = tests/unit/test_vault_places.c $(placed)
tests_unit_test_vault_places_CFLAGS = $(unit_cflags)
tests_unit_test_vault_places_LDADD = $(household_ldadd)
tests_unit_test_vault_policies_SOURCES = tests/unit/test_vault_policies.c $(placed)
tests_unit_test_vault_policies_CFLAGS = $(unit_cflags)
tests_unit_test_vault_policies_LDADD = $(household_ldadd)
tests_unit_test_vault_steps_SOURCES = tests/unit/test_vault_steps.c
tests_unit_test_vault_steps_CFLAGS = $(unit_cflags)
# So that steps of SQLite and allocations fail.
tests_unit_test_vault_steps_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_step \
	-Wl,--wrap=vpi_alloc -Wl,--wrap=vpi_secret_alloc
tests_unit_test_vault_steps_LDADD = $(household_ldadd)
tests_unit_test_vault_sync_SOURCES = tests/unit/test_vault_sync.c
tests_unit_test_vault_sync_CFLAGS = $(unit_cflags)
tests_unit_test_vault_sync_LDADD = $(household_ldadd)
tests_unit_test_vault_assurance_SOURCES = tests/unit/test_vault_assurance.c
tests_unit_test_vault_assurance_CFLAGS = $(unit_cflags)
tests_unit_test_vault_assurance_LDADD = $(household_ldadd)
tests_unit_test_vault_root_SOURCES = tests/unit/test_vault_root.c
tests_unit_test_vault_root_CFLAGS = $(unit_cflags)
tests_unit_test_vault_root_LDADD = $(household_ldadd)
tests_unit_test_vault_root_place_SOURCES = tests/unit/test_vault_root_place.c
tests_unit_test_vault_root_place_CFLAGS = $(unit_cflags)
tests_unit_test_vault_root_place_LDADD = $(household_ldadd)
tests_unit_test_vault_create_SOURCES = tests/unit/test_vault_create.c
tests_unit_test_vault_create_CFLAGS = $(unit_cflags)
# So that opening files and databases, and allocations, fail.
tests_unit_test_vault_create_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_alloc \
	-Wl,--wrap=open,--wrap=fstat,--wrap=sqlite3_prepare_v3
tests_unit_test_vault_create_LDADD = $(household_ldadd)
tests_unit_test_vault_notices_SOURCES = tests/unit/test_vault_notices.c
tests_unit_test_vault_notices_CFLAGS = $(unit_cflags)
tests_unit_test_vault_notices_LDADD = $(household_ldadd)
tests_unit_test_vault_times_SOURCES = tests/unit/test_vault_times.c
tests_unit_test_vault_times_CFLAGS = $(unit_cflags)
tests_unit_test_vault_times_LDADD = $(household_ldadd)
tests_unit_test_vault_scale_SOURCES = tests/unit/test_vault_scale.c
tests_unit_test_vault_scale_CFLAGS = $(unit_cflags)
tests_unit_test_vault_scale_LDADD = $(household_ldadd)
# The same with 100,000 recordings, and with 10,000 interleavings in real vaults.
EXTRA_PROGRAMS += tests/unit/long_retention tests/unit/long_scale tests/unit/long_sync
CHECK_LONG += tests/unit/long_retention tests/unit/long_scale tests/unit/long_sync
tests_unit_long_retention_SOURCES = $(tests_unit_test_vault_retention_SOURCES)
tests_unit_long_retention_CPPFLAGS = $(AM_CPPFLAGS) -DRETENTION_LONG
tests_unit_long_retention_CFLAGS = $(unit_cflags)
tests_unit_long_retention_LDFLAGS = $(tests_unit_test_vault_retention_LDFLAGS)
tests_unit_long_retention_LDADD = $(household_ldadd)
tests_unit_long_scale_SOURCES = $(tests_unit_test_vault_scale_SOURCES)
tests_unit_long_scale_CPPFLAGS = $(AM_CPPFLAGS) -DSCALE_LONG
tests_unit_long_scale_CFLAGS = $(unit_cflags)
tests_unit_long_scale_LDADD = $(household_ldadd)
tests_unit_long_sync_SOURCES = $(tests_unit_test_vault_sync_SOURCES)
tests_unit_long_sync_CPPFLAGS = $(AM_CPPFLAGS) -DSYNC_LONG
tests_unit_long_sync_CFLAGS = $(unit_cflags)
tests_unit_long_sync_LDADD = $(household_ldadd)
tests_unit_test_vault_derivatives_SOURCES = tests/unit/test_vault_derivatives.c $(derived)
tests_unit_test_vault_derivatives_CFLAGS = $(unit_cflags)
tests_unit_test_vault_derivatives_LDADD = $(household_ldadd)
tests_unit_test_vault_derivatives_end_SOURCES = tests/unit/test_vault_derivatives_end.c $(derived) \
	tests/fault/attack.h tests/fault/attack_inside.h tests/fault/attack.c tests/fault/attack_open.c
tests_unit_test_vault_derivatives_end_CFLAGS = $(unit_cflags) -I$(top_srcdir)/tests
tests_unit_test_vault_derivatives_end_LDADD = $(household_ldadd)
tests_unit_test_vault_people_SOURCES = tests/unit/test_vault_people.c
tests_unit_test_vault_people_CFLAGS = $(unit_cflags)
tests_unit_test_vault_people_LDADD = $(household_ldadd)
tests_unit_test_vault_speaker_SOURCES = tests/unit/test_vault_speaker.c
tests_unit_test_vault_speaker_CFLAGS = $(unit_cflags)
tests_unit_test_vault_speaker_LDADD = $(household_ldadd)
TESTS += tests/unit/test_vault_purge
check_PROGRAMS += tests/unit/test_vault_purge
tests_unit_test_vault_purge_SOURCES = tests/unit/test_vault_purge.c
tests_unit_test_vault_purge_CFLAGS = $(unit_cflags)
tests_unit_test_vault_purge_LDADD = $(household_ldadd)
if HAVE_TPM
TESTS += tests/unit/test_vault_tpm
check_PROGRAMS += tests/unit/test_vault_tpm
tests_unit_test_vault_tpm_SOURCES = tests/unit/test_vault_tpm.c tests/unit/software_tpm.h tests/unit/software_tpm.c
tests_unit_test_vault_tpm_CFLAGS = $(unit_cflags)
tests_unit_test_vault_tpm_LDADD = $(household_ldadd)
endif
TESTS += tests/unit/test_vault_one_handle
check_PROGRAMS += tests/unit/test_vault_one_handle
tests_unit_test_vault_one_handle_SOURCES = tests/unit/test_vault_one_handle.c
tests_unit_test_vault_one_handle_CFLAGS = $(unit_cflags)
# So that the texts are counted.
tests_unit_test_vault_one_handle_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sqlite3_prepare_v3
tests_unit_test_vault_one_handle_LDADD = $(household_ldadd)
TESTS += tests/unit/test_vault_provisional
check_PROGRAMS += tests/unit/test_vault_provisional
tests_unit_test_vault_provisional_SOURCES = tests/unit/test_vault_provisional.c
tests_unit_test_vault_provisional_CFLAGS = $(unit_cflags)
# So that others record and end just when somebody asks.
tests_unit_test_vault_provisional_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_recorder_is_alive
tests_unit_test_vault_provisional_LDADD = $(household_ldadd)
TESTS += tests/unit/test_vault_settle
check_PROGRAMS += tests/unit/test_vault_settle
tests_unit_test_vault_settle_SOURCES = tests/unit/test_vault_settle.c
tests_unit_test_vault_settle_CFLAGS = $(unit_cflags)
tests_unit_test_vault_settle_LDADD = $(household_ldadd)
spoilt = tests/unit/spoilt.h tests/unit/spoilt.c $(passing)
TESTS += tests/unit/test_vault_spoilt_terms tests/unit/test_vault_spoilt
check_PROGRAMS += tests/unit/test_vault_spoilt_terms tests/unit/test_vault_spoilt
tests_unit_test_vault_spoilt_terms_SOURCES = tests/unit/test_vault_spoilt_terms.c $(spoilt)
tests_unit_test_vault_spoilt_terms_CFLAGS = $(unit_cflags)
tests_unit_test_vault_spoilt_terms_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_running_us
tests_unit_test_vault_spoilt_terms_LDADD = $(household_ldadd)
tests_unit_test_vault_spoilt_SOURCES = tests/unit/test_vault_spoilt.c $(spoilt)
tests_unit_test_vault_spoilt_CFLAGS = $(unit_cflags)
tests_unit_test_vault_spoilt_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_running_us
tests_unit_test_vault_spoilt_LDADD = $(household_ldadd)
unread = tests/unit/unread.h tests/unit/unread.c
TESTS += tests/unit/test_vault_unread
check_PROGRAMS += tests/unit/test_vault_unread
tests_unit_test_vault_unread_SOURCES = tests/unit/test_vault_unread.c $(unread)
tests_unit_test_vault_unread_CFLAGS = $(unit_cflags)
# So that pages of the log cannot be read.
tests_unit_test_vault_unread_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pread
tests_unit_test_vault_unread_LDADD = $(unit_ldadd)
