lib_librooms_la_SOURCES += \
	lib/share/jose.h lib/share/jose.c lib/share/jwk.c \
	lib/share/document.h lib/share/document.c lib/share/consent_document.c lib/share/time.c \
	lib/share/sign.c lib/share/verify.c \
	lib/share/inventory.h lib/share/inventory.c lib/share/inventory_json.c \
	lib/share/folder.h lib/share/folder.c lib/share/portable.c lib/share/salvage.h lib/share/salvage.c lib/share/salvage_report.c \
	lib/share/effects.c lib/share/profile.c lib/share/recall.h lib/share/recall.c
pkginclude_HEADERS += include/voicepriv/share.h include/voicepriv/inventory.h \
	include/voicepriv/salvage.h include/voicepriv/effects.h include/voicepriv/recall.h
