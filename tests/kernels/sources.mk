TESTS += tests/kernels/checkkernels
check_PROGRAMS += tests/kernels/checkkernels
tests_kernels_checkkernels_SOURCES = \
	tests/kernels/checkkernels.h tests/kernels/checkkernels.c \
	tests/kernels/checks.c tests/kernels/bench.c \
	tests/kernels/reference.h tests/kernels/reference.c \
	bench/kernel_loops.h bench/kernel_loops.c
tests_kernels_checkkernels_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_kernels_checkkernels_LDADD = lib/librooms.la $(VPRIV_LIBS)

# Sanitizers want an address space that qemu's user mode does not have.
EXTRA_DIST += tests/kernels/check-older-cpus
if BUILD_X86
if !SANITIZERS
TESTS += tests/kernels/check-older-cpus
endif
endif
