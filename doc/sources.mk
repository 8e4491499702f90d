# The manual: one page per exported function and per header, written from the headers' comments.
# Without python3 the pages that the distribution carries are taken as they are.
noinst_DATA += doc/man.stamp
doc/man.stamp: $(pkginclude_HEADERS) scripts/make-man scripts/headers.py configure.ac
	$(AM_V_GEN)$(MKDIR_P) doc/man && \
	if $(PYTHON3) -c '' 2>/dev/null; then \
	  $(PYTHON3) $(srcdir)/scripts/make-man --root $(srcdir) --out doc/man \
	    --version $(PACKAGE_VERSION); \
	elif test -f $(srcdir)/doc/man/voicepriv.3; then \
	  test $(srcdir) -ef . || cp -f $(srcdir)/doc/man/*.3 doc/man/; \
	else \
	  echo "the manual pages need python3" >&2; exit 1; \
	fi && : > $@
CLEANFILES += doc/man.stamp doc/man/*.3

dist-hook: doc/man.stamp
	$(MKDIR_P) $(distdir)/doc/man && cp -f doc/man/*.3 $(distdir)/doc/man/

install-data-local: doc/man.stamp
	$(MKDIR_P) $(DESTDIR)$(mandir)/man3 && \
	$(INSTALL_DATA) doc/man/*.3 $(DESTDIR)$(mandir)/man3

uninstall-local: doc/man.stamp
	for page in doc/man/*.3; do rm -f $(DESTDIR)$(mandir)/man3/$${page##*/}; done

EXTRA_DIST += doc/consent.md doc/law.md doc/tour.md doc/roots.md doc/decisions.md doc/format.md doc/jurisdictions.md doc/people.md doc/past-and-speakers.md doc/threat-model.md doc/receipts.md doc/vocabulary.ttl doc/errors.md doc/threads.md doc/triggers.md doc/notices.md doc/consent-events.md doc/retention.md doc/storage.md doc/recalls.md doc/requirements.md doc/inventory.md doc/derivatives.md \
	doc/performance.md doc/bindings.md doc/fuzzing.md doc/coverage.md \
	doc/howto/add-a-source.md \
	scripts/make-man scripts/make-symbols scripts/headers.py
