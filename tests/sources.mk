# Unit tests use Check and link the rooms themselves, so that they can look inside.
# Every room's tests live in tests/unit/<room>.mk.
unit_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) -Wno-gnu-zero-variadic-macro-arguments
unit_ldadd = lib/librooms.la $(CHECK_LIBS) $(VPRIV_LIBS)
EXTRA_DIST += tests/unit/unit.h

# Longer runs of the same sources; CHECK_LONG has those that check-long runs.
EXTRA_PROGRAMS =

include tests/unit/base.mk
include tests/unit/capture.mk
include tests/unit/frames.mk
include tests/unit/packets.mk
include tests/unit/keys.mk
include tests/unit/consent.mk
include tests/unit/log.mk
include tests/unit/vault.mk
include tests/unit/gate.mk
include tests/unit/share.mk
include tests/unit/recorder.mk
include tests/kernels/sources.mk
include tests/voice/sources.mk
include tests/vectors/sources.mk
include tests/fault/sources.mk
include tests/fuzz/sources.mk
include tests/coverage/sources.mk
include tests/sound/sources.mk
include tests/interop/sources.mk
include tests/e2e/sources.mk
include tests/meta/sources.mk
