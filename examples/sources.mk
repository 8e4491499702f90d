# Short programs, one idea each; they use what everybody can use.
noinst_PROGRAMS += examples/01_record examples/02_listen examples/03_withdraw \
	examples/04_wake_word examples/05_push_to_talk examples/06_consent
examples_cppflags = -I$(top_srcdir)/include
examples_01_record_SOURCES = examples/01_record.c
examples_01_record_CPPFLAGS = $(examples_cppflags)
examples_01_record_CFLAGS = $(VPRIV_CFLAGS)
examples_01_record_LDADD = libvoicepriv.la
examples_02_listen_SOURCES = examples/02_listen.c
examples_02_listen_CPPFLAGS = $(examples_cppflags)
examples_02_listen_CFLAGS = $(VPRIV_CFLAGS)
examples_02_listen_LDADD = libvoicepriv.la
examples_03_withdraw_SOURCES = examples/03_withdraw.c
examples_03_withdraw_CPPFLAGS = $(examples_cppflags)
examples_03_withdraw_CFLAGS = $(VPRIV_CFLAGS)
examples_03_withdraw_LDADD = libvoicepriv.la
examples_04_wake_word_SOURCES = examples/04_wake_word.c
examples_04_wake_word_CPPFLAGS = $(examples_cppflags)
examples_04_wake_word_CFLAGS = $(VPRIV_CFLAGS)
examples_04_wake_word_LDADD = libvoicepriv.la
examples_05_push_to_talk_SOURCES = examples/05_push_to_talk.c
examples_05_push_to_talk_CPPFLAGS = $(examples_cppflags)
examples_05_push_to_talk_CFLAGS = $(VPRIV_CFLAGS)
examples_05_push_to_talk_LDADD = libvoicepriv.la
examples_06_consent_SOURCES = examples/06_consent.c
examples_06_consent_CPPFLAGS = $(examples_cppflags)
examples_06_consent_CFLAGS = $(VPRIV_CFLAGS)
examples_06_consent_LDADD = libvoicepriv.la
