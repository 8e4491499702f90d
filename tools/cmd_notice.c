/* notice lint, notice render, notice builtin: they need no vault. */
#include "json.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static exit_code lint_all(const tool_arguments *arguments, const char *document, size_t n_bytes,
    vpriv_notice_finding_fn fn, void *user, size_t *n_out)
{
    const vpriv_status st = vpriv_notice_lint(document, n_bytes, fn, user, n_out);
    return st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, arguments->vault, st);
}

static bool print_finding(void *user, const vpriv_notice_finding *finding)
{
    (void)user;
    printf("%s: %s: %s\n", vpriv_notice_rule_name(finding->rule), finding->where,
        vpriv_notice_rule_text(finding->rule));
    return true;
}

static bool add_finding(void *user, const vpriv_notice_finding *finding)
{
    return json_array_append_new(user,
               json_pack("{s:s, s:s, s:s}", "rule", vpriv_notice_rule_name(finding->rule), "where",
                   finding->where, "text", vpriv_notice_rule_text(finding->rule))) == 0;
}

exit_code command_notice_lint(const tool_arguments *arguments)
{
    const bool as_json = option_given(arguments, OPTION_JSON);
    char *document = NULL;
    size_t n_bytes = 0, n_findings = 0;
    exit_code code = notice_read_file(arguments, arguments->vault, &document, &n_bytes);
    if (code != EXIT_GOOD)
        return code;
    json_t *list = json_array();
    code = lint_all(
        arguments, document, n_bytes, as_json ? add_finding : print_finding, list, &n_findings);
    if (code == EXIT_GOOD && as_json)
        code = json_print(arguments, json_pack("{s:O}", "findings", list));
    else if (code == EXIT_GOOD)
        printf("%s: %zu finding%s\n", arguments->vault, n_findings, n_findings == 1 ? "" : "s");
    json_decref(list);
    free(document);
    return code == EXIT_GOOD && n_findings > 0 ? EXIT_FINDINGS : code;
}

static exit_code write_text(const tool_arguments *arguments, const vpriv_notice *notice)
{
    const char *path = option_value(arguments, OPTION_OUTPUT);
    tool_output output;
    if (!path) {
        fwrite(notice->text, 1, notice->text_bytes, stdout);
        return EXIT_GOOD;
    }
    const exit_code code = output_begin(arguments, path, &output);
    if (code != EXIT_GOOD)
        return code;
    (void)output_write(&output, notice->text, notice->text_bytes); /* told when it is finished */
    return output_finish(arguments, &output);
}

exit_code command_notice_render(const tool_arguments *arguments)
{
    vpriv_notice_text *text = NULL;
    char *document = NULL;
    size_t n_bytes = 0;
    exit_code code = notice_read_file(arguments, arguments->vault, &document, &n_bytes);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st =
        vpriv_notice_render(document, n_bytes, option_value(arguments, OPTION_LANGUAGE), &text);
    code = st == VPRIV_OK ? write_text(arguments, vpriv_notice_text_notice(text))
                          : tool_failed(arguments, arguments->vault, st);
    vpriv_notice_text_free(text);
    free(document);
    return code;
}

exit_code command_notice_builtin(const tool_arguments *arguments)
{
    vpriv_purpose purpose = VPRIV_PURPOSE_EXECUTE_REQUEST;
    const exit_code code = read_purpose(arguments, arguments->vault, &purpose);
    if (code != EXIT_GOOD)
        return code;
    char *document = notice_builtin_document(purpose);
    if (!document)
        return tool_error(arguments, EXIT_NOT_FOUND, "%s has no notice here", arguments->vault);
    printf("%s\n", document);
    free(document);
    return EXIT_GOOD;
}
