lib_librooms_la_SOURCES += \
	lib/gate/gate.h lib/gate/open.c lib/gate/read.c lib/gate/export.c lib/gate/who_heard.c lib/gate/verify.c \
	lib/gate/derivative.c lib/gate/past.c lib/gate/salvage.c
pkginclude_HEADERS += include/voicepriv/gate.h
