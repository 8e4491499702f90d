lib_librooms_la_SOURCES += \
	lib/consent/text.h lib/consent/text.c \
	lib/consent/purpose.h lib/consent/purpose.c \
	lib/consent/notice.h lib/consent/notice.c \
	lib/consent/state.h lib/consent/state.c \
	lib/consent/record.h lib/consent/record.c lib/consent/record_check.c \
	lib/consent/decide.h lib/consent/decide.c lib/consent/deny.c \
	lib/consent/rules.h lib/consent/rules.c \
	lib/consent/json.h lib/consent/json.c \
	lib/consent/signed.h lib/consent/signed.c lib/consent/profile.c lib/consent/order.c \
	lib/consent/notice_form.h lib/consent/notice_form.c lib/consent/notice_lint.c lib/consent/notice_render.c \
	lib/consent/event_line.h lib/consent/event_line.c lib/consent/merge.h lib/consent/merge.c
pkginclude_HEADERS += include/voicepriv/consent.h include/voicepriv/jurisdiction.h \
	include/voicepriv/notice.h include/voicepriv/surface.h
