/* JSON for --json: one document per command, with the field names of the manual page. */
#ifndef VOICEPRIV_TOOL_JSON_H
#define VOICEPRIV_TOOL_JSON_H

#include "tool.h"
#include <jansson.h>

/* Ids as hex, times as RFC 3339, purposes as a list of names; nothing at all as null. */
json_t *json_hex(const uint8_t *bytes, size_t n_bytes);
json_t *json_id(const uint8_t *id);
json_t *json_time(int64_t time_us);
json_t *json_text(const char *text);
json_t *json_purposes(uint32_t purposes);

/* Takes the document and prints it; a NULL document is a failure. */
exit_code json_print(const tool_arguments *arguments, json_t *document);

#endif
