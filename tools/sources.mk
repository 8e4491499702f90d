# The command line: a user of the library like any other.
bin_PROGRAMS += tools/voicepriv
tools_voicepriv_SOURCES = \
	tools/tool.h tools/json.h \
	tools/main.c tools/options.c tools/message.c tools/text.c tools/values.c \
	tools/session.c tools/root.c tools/cmd_root.c tools/output.c tools/own_files.c tools/interrupt.c tools/progress.c tools/notice.c tools/json.c \
	tools/cmd_vault.c tools/cmd_storage.c tools/cmd_people.c tools/cmd_consent.c tools/cmd_record.c tools/cmd_devices.c \
	tools/cmd_list.c tools/cmd_inventory.c tools/cmd_effects.c tools/cmd_log.c tools/cmd_pause.c tools/cmd_jurisdiction.c tools/cmd_retention.c \
	tools/cmd_export.c tools/cmd_erase.c tools/cmd_purge.c tools/cmd_keyring.c tools/cmd_receipt.c tools/cmd_recall.c tools/cmd_notice.c tools/cmd_sync.c tools/cmd_derivative.c tools/cmd_past.c \
	tools/live.c
tools_voicepriv_CPPFLAGS = -I$(top_srcdir)/include -D_GNU_SOURCE
tools_voicepriv_CFLAGS = $(VPRIV_CFLAGS) $(JANSSON_CFLAGS)
tools_voicepriv_LDADD = libvoicepriv.la $(JANSSON_LIBS)
dist_man1_MANS += doc/man/voicepriv.1
