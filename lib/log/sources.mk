lib_librooms_la_SOURCES += \
	lib/log/merkle.h lib/log/merkle.c lib/log/verify.c \
	lib/log/note.h lib/log/note.c lib/log/checkpoint.c \
	lib/log/leaf.h lib/log/leaf.c
pkginclude_HEADERS += include/voicepriv/log.h
