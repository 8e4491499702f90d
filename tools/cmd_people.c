/* controller, subject add, subject list. */
#include "json.h"
#include <stdio.h>
#include <string.h>

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

static exit_code read_class(const tool_arguments *arguments, vpriv_subject_class *class_out)
{
    const char *text = option_value(arguments, OPTION_CLASS);
    *class_out = VPRIV_SUBJECT_USER;
    if (!option_given(arguments, OPTION_CLASS))
        return EXIT_GOOD;
    for (int i = VPRIV_SUBJECT_USER; i <= VPRIV_SUBJECT_CHILD; i++)
        if (strcmp(text, class_name((vpriv_subject_class)i)) == 0) {
            *class_out = (vpriv_subject_class)i;
            return EXIT_GOOD;
        }
    return tool_usage(arguments, "--class '%.40s' is none of user, child, guest, bystander", text);
}

exit_code command_controller(const tool_arguments *arguments)
{
    tool_session session;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    size_t n = 0;
    const vpriv_controller controller = {.struct_size = sizeof controller,
        .id = option_value(arguments, OPTION_ID),
        .name = option_value(arguments, OPTION_NAME),
        .country = option_value(arguments, OPTION_COUNTRY)};
    if (!option_given(arguments, OPTION_YES))
        return tool_usage(arguments,
            "every consent ends, and what was recorded does not open any more: --yes does it");
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st =
        vpriv_controller_change(session.vault, &controller, read_actor(arguments, actor), &n);
    if (st == VPRIV_OK) {
        printf("ended %zu consent%s\n", n, n == 1 ? "" : "s");
        session_tidy_after(arguments, session.vault);
    } else {
        code = tool_failed(arguments, NULL, st);
    }
    session_close(&session);
    return code;
}

exit_code command_subject_add(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    char text[ID_TEXT_BYTES];
    vpriv_subject_class subject_class = VPRIV_SUBJECT_USER;
    exit_code code = read_class(arguments, &subject_class);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_subject_add(
        session.vault, subject_class, option_value(arguments, OPTION_NAME), NULL, subject);
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
