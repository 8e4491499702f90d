# `make bench`: the library beside what it cannot do without. See doc/performance.md.
# Built by `make check` too, so that it does not fall behind the library.
check_PROGRAMS += bench/voicepriv-bench bench/recording-child bench/push-child
bench_voicepriv_bench_SOURCES = bench/bench.h bench/main.c bench/timing.c bench/report.c \
	bench/setup.c bench/record.c bench/hub.c bench/import.c bench/frames.c bench/seal.c bench/keys.c \
	bench/log.c bench/storage.c bench/decide.c \
	bench/memory.c bench/plans.h bench/plans.c bench/fill.h bench/fill.c bench/million.c \
	bench/resamplers.h bench/resamplers.c bench/response.c bench/resample.c \
	bench/kernel_loops.h bench/kernel_loops.c bench/kernels.c bench/processes.c bench/bindings.c bench/fvad.c \
	bench/voice.c tests/voice/judge.h tests/voice/voices.c tests/voice/noises.c tests/voice/scene.c
bench_voicepriv_bench_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/voice
bench_voicepriv_bench_CFLAGS = $(AM_CFLAGS) $(SOXR_CFLAGS) $(SPEEXDSP_CFLAGS) $(FVAD_CFLAGS)
bench_voicepriv_bench_LDADD = lib/librooms.la $(VPRIV_LIBS) $(SOXR_LIBS) $(SPEEXDSP_LIBS) $(FVAD_LIBS) -lm
# So that a minute of sound can be recorded, with the commits of a minute, in less than one, and to
# see where an import is cut.
bench_voicepriv_bench_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=vpi_monotonic_us \
	-Wl,--wrap=vpi_crew_begin_segment,--wrap=vpi_crew_give

# With the public API and the shared library only, as an application has them.
bench_recording_child_SOURCES = bench/recording_child.c
bench_recording_child_CPPFLAGS = -I$(top_srcdir)/include -D_GNU_SOURCE
bench_recording_child_LDADD = libvoicepriv.la

bench_push_child_SOURCES = bench/push_child.c
bench_push_child_CPPFLAGS = -I$(top_srcdir)/include -D_GNU_SOURCE
bench_push_child_LDADD = libvoicepriv.la
EXTRA_DIST += bench/push_child.py

dist_noinst_SCRIPTS = bench/run
bench_checks = bench/check-bench
TESTS += $(bench_checks)
EXTRA_DIST += $(bench_checks)
BENCH += bench/run
bench: bench/voicepriv-bench$(EXEEXT) bench/recording-child$(EXEEXT) bench/push-child$(EXEEXT)
