lib_librooms_la_SOURCES += \
	lib/vault/vault.h lib/vault/schema.c lib/vault/transaction.c lib/vault/reserve.c \
	lib/vault/settings.h lib/vault/settings.c \
	lib/vault/create.c lib/vault/open.c lib/vault/root_head.h lib/vault/root_head.c \
	lib/vault/log_store.h lib/vault/log_store.c lib/vault/witness.h lib/vault/witness.c \
	lib/vault/subject.h lib/vault/subject.c \
	lib/vault/notice_store.h lib/vault/notice_store.c \
	lib/vault/consent_store.h lib/vault/consent_store.c lib/vault/consent_event.h lib/vault/consent_event.c \
	lib/vault/consent_end.h lib/vault/consent_end.c lib/vault/controller.c \
	lib/vault/event_store.h lib/vault/event_store.c lib/vault/surfaces.c lib/vault/consent_sync.c \
	lib/vault/policy.h lib/vault/policy.c \
	lib/vault/decision.h lib/vault/decision.c \
	lib/vault/false_wakes.h lib/vault/false_wakes.c \
	lib/vault/places.h lib/vault/places.c \
	lib/vault/profile_store.h lib/vault/profile_store.c \
	lib/vault/pause.c lib/vault/epoch.c \
	lib/vault/receipt.h lib/vault/receipt.c \
	lib/vault/retention.c \
	lib/vault/clock_guard.h lib/vault/clock_guard.c lib/vault/retention_batch.h lib/vault/retention_batch.c lib/vault/retention_run.c \
	lib/vault/restrict.c lib/vault/root_move.c lib/vault/backup.h lib/vault/backup.c lib/vault/restore.c \
	lib/vault/replace.h lib/vault/replace.c \
	lib/vault/unfinished.h lib/vault/unfinished.c \
	lib/vault/tag.h lib/vault/tag.c lib/vault/amend.h lib/vault/amend.c \
	lib/vault/header.h lib/vault/header.c \
	lib/vault/blocks.h lib/vault/blocks.c \
	lib/vault/grounds.h lib/vault/grounds.c lib/vault/sealer.h lib/vault/sealer.c \
	lib/vault/ingest.h lib/vault/ingest.c lib/vault/lawful.c lib/vault/lawful.h \
	lib/vault/adopt.h lib/vault/adopt.c lib/vault/terms.h lib/vault/terms.c \
	lib/vault/shelf.h lib/vault/shelf.c lib/vault/rekey.h lib/vault/rekey.c \
	lib/vault/derivative.c lib/vault/speaker.c \
	lib/vault/complete.h lib/vault/complete.c \
	lib/vault/list.c \
	lib/vault/erase.h lib/vault/erase.c lib/vault/erase_rows.c lib/vault/unread.h lib/vault/unread.c \
	lib/vault/purge.c lib/vault/wear.h lib/vault/wear.c lib/vault/vacuum.h lib/vault/vacuum.c \
	lib/vault/sweep.h lib/vault/sweep.c \
	lib/vault/check.h lib/vault/check.c lib/vault/check_rest.c lib/vault/rebuild.h lib/vault/rebuild.c \
	lib/vault/layout.h lib/vault/layout.c
pkginclude_HEADERS += include/voicepriv/vault.h include/voicepriv/people.h include/voicepriv/derivative.h \
	include/voicepriv/places.h include/voicepriv/retention.h include/voicepriv/sync.h \
	include/voicepriv/storage.h include/voicepriv/past.h include/voicepriv/purge.h
