/* Simple checks of the texts in records, notices and log entries: their form, not their truth. */
#ifndef VPI_CONSENT_TEXT_H
#define VPI_CONSENT_TEXT_H

#include "base/status.h"

/* Well-formed UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF, no NUL. */
bool vpi_text_is_utf8(const void *text, size_t n_bytes);

/* UTF-8 without control characters (below U+0020, U+007F to U+009F). Empty text passes. */
bool vpi_text_is_plain(const char *text, size_t n_bytes);

/* A char array that holds a NUL and, before it, plain text. */
bool vpi_text_field_is_plain(const char *field, size_t capacity_bytes);

/* BCP 47 by its looks: a first part of 2 to 8 letters, then parts of 1 to 8 letters and digits. */
bool vpi_text_is_language(const char *text);

/* ISO 3166-1 by its looks: two capitals. */
bool vpi_text_is_country(const char *text);

/* A country, or one of its parts as in ISO 3166-2: "US-CA". */
bool vpi_text_is_jurisdiction(const char *text);

/* ISO 8601: P, then years, months, weeks, days, then T with hours, minutes, seconds; whole numbers
 * of at most six digits, at least one of them; weeks stand alone. */
bool vpi_text_is_duration(const char *text);

/* An absolute IRI by its looks: a scheme, a colon, and something without spaces. */
bool vpi_text_is_iri(const char *text);

/* 1970 to 2400. Zero is not a time here: it is what a forgotten field holds. */
bool vpi_time_is_plausible(int64_t time_us);
/* The same, 0, or VPRIV_TIME_FOREVER_US: where something begins or ends. A time of any other kind was meant
 * otherwise: in nanoseconds "before now" would be everything. */
bool vpi_time_is_bound(int64_t time_us);

#endif
