/* Notice documents: the form, what the lint says of it, and the text made from it. */
#include "consent/notice.h"
#include "consent/notice_form.h"
#include "fuzz/fuzz.h"

static bool count(void *user, const vpriv_notice_finding *finding)
{
    size_t *n = user;
    fuzz_check(finding && vpriv_notice_rule_name(finding->rule)[0]);
    ++*n;
    return true;
}

static void one(const uint8_t *data, size_t n_bytes)
{
    const char *json = (const char *)data;
    size_t n_findings = 0, n_told = 0;
    vpi_notice_form form;
    const vpriv_status opened = vpi_notice_form_open(json, n_bytes, &form);
    const vpriv_status linted = vpriv_notice_lint(json, n_bytes, count, &n_told, &n_findings);
    fuzz_check(n_bytes == 0 || opened == linted);
    if (opened == VPRIV_OK) {
        fuzz_check(n_told == n_findings && json_object_size(form.languages) > 0);
        for (void *at = json_object_iter(form.languages); at;
             at = json_object_iter_next(form.languages, at)) {
            vpriv_notice_text *text = NULL;
            if (vpriv_notice_render(json, n_bytes, json_object_iter_key(at), &text) == VPRIV_OK) {
                fuzz_must(vpi_notice_check(vpriv_notice_text_notice(text)));
                vpriv_notice_text_free(text);
            }
        }
    }
    vpi_notice_form_close(&form);
}

const fuzz_target fuzz_notice_form = {"notice_form", NULL, one, 8192, 0};
