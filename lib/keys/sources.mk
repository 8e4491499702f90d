lib_librooms_la_SOURCES += \
	lib/keys/seal.h lib/keys/seal.c lib/keys/block.h lib/keys/block.c \
	lib/keys/root.h lib/keys/root.c lib/keys/root_file.c \
	lib/keys/root_slots.h lib/keys/root_slots.c \
	lib/keys/recovery_key.h lib/keys/recovery_key.c \
	lib/keys/passphrase_slot.h lib/keys/passphrase_slot.c lib/keys/root_passphrase.c \
	lib/keys/root_kernel.c \
	lib/keys/tree.h lib/keys/tree.c lib/keys/tree_nodes.h lib/keys/tree_nodes.c \
	lib/keys/keyring.h lib/keys/keyring.c \
	lib/keys/recording.h lib/keys/recording.c \
	lib/keys/derivative.h lib/keys/derivative.c
if HAVE_TPM
lib_librooms_la_SOURCES += \
	lib/keys/tpm_library.h lib/keys/tpm_library.c \
	lib/keys/tpm.h lib/keys/tpm.c lib/keys/root_tpm.c
else
lib_librooms_la_SOURCES += lib/keys/root_no_tpm.c
endif
pkginclude_HEADERS += include/voicepriv/keys.h include/voicepriv/root.h
