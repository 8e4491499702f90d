lib_librooms_la_SOURCES +=
pkginclude_HEADERS += include/voicepriv/gate.h
