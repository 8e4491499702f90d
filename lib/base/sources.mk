lib_librooms_la_SOURCES += \
	lib/base/status.h lib/base/status.c \
	lib/base/try.h \
	lib/base/memory.h lib/base/memory.c lib/base/registers.c \
	lib/base/thread.h lib/base/thread.c \
	lib/base/bytes.h lib/base/bytes.c \
	lib/base/random.h lib/base/random.c \
	lib/base/ring.h lib/base/ring.c \
	lib/base/clock.h lib/base/clock.c \
	lib/base/database.h lib/base/database.c lib/base/database_inside.h \
	lib/base/database_query.c lib/base/database_transaction.c \
	lib/base/file.h lib/base/file.c \
	lib/base/draft.h lib/base/draft.c \
	lib/base/pages.h lib/base/pages.c lib/base/pages_log.h lib/base/pages_log.c
if HAVE_LOADED
lib_librooms_la_SOURCES += lib/base/library.h lib/base/library.c
endif
pkginclude_HEADERS += include/voicepriv/base.h
