/* subject add, subject list. */
#include "json.h"
#include <stdio.h>

static const char *class_name(vpriv_subject_class subject_class)
{
    switch (subject_class) {
    case VPRIV_SUBJECT_USER:
        return "user";
    case VPRIV_SUBJECT_GUEST:
        return "guest";
    case VPRIV_SUBJECT_BYSTANDER:
        return "bystander";
    case VPRIV_SUBJECT_CHILD:
        return "child";
    case VPRIV_SUBJECT_UNKNOWN:
        break;
    }
    return "unknown";
}

exit_code command_subject_add(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    char text[ID_TEXT_BYTES];
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_subject_add(
        session.vault, VPRIV_SUBJECT_USER, option_value(arguments, OPTION_NAME), NULL, subject);
    if (st == VPRIV_OK) {
        hex_format(subject, sizeof subject, text);
        printf("%s\n", text);
    } else {
        code = tool_failed(arguments, NULL, st);
    }
    session_close(&session);
    return code;
}

static bool print_subject(void *user, const vpriv_subject_info *info)
{
    char id[ID_TEXT_BYTES];
    (void)user;
    hex_format(info->id, sizeof info->id, id);
    printf("%s  %-9s  %s\n", id, class_name(info->subject_class), info->name);
    return true;
}

static bool add_subject(void *user, const vpriv_subject_info *info)
{
    char born[32] = "";
    if (info->birth_year != 0)
        snprintf(born, sizeof born, "%04d-%02d", info->birth_year, info->birth_month);
    return json_array_append_new(user,
               json_pack("{s:o, s:s, s:s, s:o, s:s, s:o}", "id", json_id(info->id), "class",
                   class_name(info->subject_class), "name", info->name, "contact",
                   json_text(info->contact), "home", info->home, "born", json_text(born))) == 0;
}

exit_code command_subject_list(const tool_arguments *arguments)
{
    tool_session session;
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    json_t *list = json_array();
    const vpriv_status st =
        vpriv_subject_list(session.vault, as_json ? add_subject : print_subject, list);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->vault, st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "subjects", list));
    json_decref(list);
    session_close(&session);
    return code;
}
