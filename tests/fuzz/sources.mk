# Every parser fed with what nobody wrote; see doc/fuzzing.md. One program has all targets: replay in
# each build, and fuzzer, for libFuzzer, where the compiler has it.
fuzz_sources = tests/fuzz/fuzz.h tests/fuzz/fuzz.c tests/fuzz/targets.h \
	tests/fuzz/home.h tests/fuzz/home.c tests/fuzz/file.h tests/fuzz/file.c tests/fuzz/sound_seeds.h \
	tests/fuzz/fuzz_block.c tests/fuzz/fuzz_tag.c tests/fuzz/fuzz_consent_record.c \
	tests/fuzz/fuzz_log_entry.c tests/fuzz/fuzz_padded_row.c tests/fuzz/fuzz_rules.c \
	tests/fuzz/fuzz_notice_form.c tests/fuzz/fuzz_document.c tests/fuzz/fuzz_event_line.c \
	tests/fuzz/fuzz_merge.c tests/fuzz/fuzz_receipt.c tests/fuzz/fuzz_checkpoint.c \
	tests/fuzz/fuzz_proof.c tests/fuzz/fuzz_text.c tests/fuzz/fuzz_ogg.c tests/fuzz/fuzz_opus_header.c \
	tests/fuzz/fuzz_packet.c tests/fuzz/fuzz_container.c tests/fuzz/fuzz_pipe.c \
	tests/fuzz/fuzz_root_file.c tests/fuzz/fuzz_passphrase_file.c tests/fuzz/fuzz_keyring.c \
	tests/fuzz/fuzz_root_record.c tests/fuzz/fuzz_header_row.c tests/fuzz/fuzz_wraps_row.c tests/fuzz/fuzz_shelf_row.c \
	tests/fuzz/fuzz_notice_row.c tests/fuzz/fuzz_subject_row.c tests/fuzz/fuzz_consent_row.c \
	tests/fuzz/fuzz_policy_head.c tests/fuzz/fuzz_policy_row.c tests/fuzz/fuzz_false_wakes_row.c \
	tests/fuzz/fuzz_state_row.c tests/fuzz/fuzz_log_row.c tests/fuzz/fuzz_key_node.c \
	tests/fuzz/fuzz_profile_row.c tests/fuzz/fuzz_event_row.c tests/fuzz/fuzz_envelope.c \
	tests/fuzz/fuzz_pages.c tests/vectors/fixed_random.h tests/vectors/fixed_random.c
fuzz_seeds = tests/fuzz/seeds/block.txt tests/fuzz/seeds/checkpoint.txt tests/fuzz/seeds/document.txt tests/fuzz/seeds/envelope.txt \
	tests/fuzz/seeds/false_wakes_row.txt tests/fuzz/seeds/notice_form.txt tests/fuzz/seeds/pages.txt \
	tests/fuzz/seeds/state_row.txt tests/fuzz/seeds/text.txt
# What gets a target past seals, sealed boxes and the price of a passphrase.
fuzz_ldflags = $(AM_LDFLAGS) -Wl,--wrap=vpi_seal,--wrap=vpi_seal_padded \
	-Wl,--wrap=vpi_unseal,--wrap=vpi_unseal_padded \
	-Wl,--wrap=crypto_box_seal_open,--wrap=crypto_pwhash
fuzz_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests

TESTS += tests/fuzz/replay
check_PROGRAMS += tests/fuzz/replay
tests_fuzz_replay_SOURCES = tests/fuzz/replay.c $(fuzz_sources)
tests_fuzz_replay_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_replay_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_replay_LDADD = lib/librooms.la $(VPRIV_LIBS)

if !FUZZING
EXTRA_PROGRAMS += tests/fuzz/fuzzer
endif
tests_fuzz_fuzzer_SOURCES = tests/fuzz/libfuzzer.c $(fuzz_sources)
tests_fuzz_fuzzer_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzzer_LDFLAGS = $(fuzz_ldflags) -fsanitize=fuzzer
tests_fuzz_fuzzer_LDADD = lib/librooms.la $(VPRIV_LIBS)
CLEANFILES += tests/fuzz/fuzzer$(EXEEXT)

CHECK_LONG += tests/fuzz/long-fuzz
if FUZZING
check_PROGRAMS += tests/fuzz/fuzzer
TESTS += tests/fuzz/test-fuzz
tests/fuzz/long-fuzz: tests/fuzz/fuzzer$(EXEEXT)
endif
EXTRA_DIST += tests/fuzz/run tests/fuzz/test-fuzz tests/fuzz/long-fuzz
EXTRA_DIST += $(fuzz_seeds)
