lib_librooms_la_SOURCES += \
	lib/keys/seal.h lib/keys/seal.c \
	lib/keys/root.h lib/keys/root.c lib/keys/root_file.c \
	lib/keys/tree.h lib/keys/tree.c lib/keys/tree_nodes.h lib/keys/tree_nodes.c \
	lib/keys/keyring.h lib/keys/keyring.c \
	lib/keys/recording.h lib/keys/recording.c
pkginclude_HEADERS += include/voicepriv/keys.h
