lib_librooms_la_SOURCES += \
	lib/share/jose.h lib/share/jose.c lib/share/jwk.c \
	lib/share/document.h lib/share/document.c lib/share/consent_document.c lib/share/time.c \
	lib/share/sign.c lib/share/verify.c
pkginclude_HEADERS += include/voicepriv/share.h
