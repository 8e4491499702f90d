#include "json.h"
#include <stdio.h>

json_t *json_hex(const uint8_t *bytes, size_t n_bytes)
{
    char text[2 * 32 + 1];
    if (n_bytes > 32)
        return NULL;
    hex_format(bytes, n_bytes, text);
    return json_string(text);
}

json_t *json_id(const uint8_t *id)
{
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (id[i])
            return json_hex(id, ID_BYTES);
    }
    return json_null();
}

json_t *json_time(int64_t time_us)
{
    char text[TIME_TEXT_BYTES];
    if (time_us <= 0 || time_us == VPRIV_TIME_FOREVER_US)
        return json_null();
    time_format(time_us, true, text);
    return json_string(text);
}

json_t *json_text(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

json_t *json_purposes(uint32_t purposes)
{
    json_t *list = json_array();
    for (int purpose = 0; list && purpose < VPRIV_PURPOSES_MAX; purpose++) {
        if (purposes & VPRIV_PURPOSE_BIT(purpose))
            json_array_append_new(list, json_string(vpriv_purpose_name((vpriv_purpose)purpose)));
    }
    return list;
}

exit_code json_print(const tool_arguments *arguments, json_t *document)
{
    const int failed =
        !document || json_dumpf(document, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0;
    json_decref(document);
    if (ferror(stdout))
        return EXIT_IO; /* which is told at the end */
    if (failed)
        return tool_error(arguments, EXIT_INTERNAL, "the JSON document could not be made");
    putchar('\n');
    return EXIT_GOOD;
}
