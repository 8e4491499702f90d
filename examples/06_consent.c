/* From a notice to a receipt: what a settings page does.
 *
 *     06_consent kitchen.vault data/notices/household.json en
 *
 * Keeps exactly what was shown, records a yes to one purpose, tells what would happen now, takes the yes
 * back, and prints a receipt. Run 01_record first: it makes the vault. */
#include <stdio.h>
#include <string.h>
#include <voicepriv/voicepriv.h>

static int check(vpriv_status st, const char *doing)
{
    if (st != VPRIV_OK)
        fprintf(stderr, "%s: %s: %s\n", doing, vpriv_status_text(st), vpriv_error_detail());
    return st != VPRIV_OK;
}

static bool print_finding(void *user, const vpriv_notice_finding *finding)
{
    (void)user;
    fprintf(stderr, "%s: %s\n", finding->where, vpriv_notice_rule_text(finding->rule));
    return true;
}

/* A notice that bundles purposes, hides reviewers or lacks a language never gets as far as a person. */
static int keep_notice(vpriv_vault *vault, const char *json, size_t n_bytes, const char *language)
{
    vpriv_notice_text *text = NULL;
    size_t n_findings = 0;
    if (check(vpriv_notice_lint(json, n_bytes, print_finding, NULL, &n_findings), "notice") ||
        n_findings > 0 || check(vpriv_notice_render(json, n_bytes, language, &text), "notice"))
        return 1;
    const vpriv_notice *notice = vpriv_notice_text_notice(text);
    printf("%.*s\n", (int)notice->text_bytes, notice->text);
    const int failed = check(vpriv_notice_add(vault, notice, NULL), "keep the notice");
    vpriv_notice_text_free(text);
    return failed;
}

static bool first(void *user, const vpriv_subject_info *info)
{
    memcpy(user, info->id, VPRIV_SUBJECT_ID_BYTES);
    return false;
}

static vpriv_status print(void *user, const void *bytes, size_t n_bytes)
{
    return fwrite(bytes, 1, n_bytes, user) == n_bytes ? VPRIV_OK : VPRIV_E_IO;
}

static int tell(vpriv_vault *vault, const uint8_t *subject)
{
    char text[VPRIV_EFFECT_TEXT_BYTES];
    const vpriv_effects_request request = {.struct_size = sizeof request,
        .subjects = subject,
        .n_subjects = 1,
        .retention = VPRIV_RETENTION_90_DAYS};
    vpriv_effects effects = {.struct_size = sizeof effects};
    const vpriv_status st = vpriv_effects_now(vault, &request, &effects);
    return check(st, "effects") || printf("%s\n", vpriv_effects_text(&effects, text)) < 0;
}

static int ask(vpriv_vault *vault, const char *language)
{
    const vpriv_purpose purpose = VPRIV_PURPOSE_HUMAN_REVIEW;
    const vpriv_consent_evidence tap = {.struct_size = sizeof tap,
        .method = VPRIV_CONSENT_METHOD_TAP,
        .surface = "settings",
        .notice_id = "household",
        .language = language,
        .retention = "P3M"};
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES] = {0};
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    return check(vpriv_subject_list(vault, first, subject), "people") ||
           check(vpriv_consent_give(vault, subject, purpose, &tap, NULL), "yes") ||
           tell(vault, subject) ||
           check(vpriv_consent_withdraw(vault, subject, purpose, NULL, &receipt), "no longer") ||
           check(vpriv_receipt_sign(vault, &receipt, 1, NULL, print, stdout), "receipt");
}

int main(int argc, char **argv)
{
    char root_path[1024], json[VPRIV_NOTICE_TEXT_BYTES_MAX];
    vpriv_root_store *root = NULL;
    vpriv_vault *vault = NULL;
    FILE *file = argc == 4 ? fopen(argv[2], "rb") : NULL;
    const size_t n_bytes = file ? fread(json, 1, sizeof json, file) : 0;
    if (!file || fclose(file) != 0 || n_bytes == 0) {
        fprintf(stderr, "usage: 06_consent VAULT NOTICE LANGUAGE\n");
        return 2;
    }
    snprintf(root_path, sizeof root_path, "%s.root", argv[1]);
    const int failed = check(vpriv_root_file_open(root_path, &root), "root key") ||
                       check(vpriv_vault_open(argv[1], root, NULL, &vault), "vault") ||
                       keep_notice(vault, json, n_bytes, argv[3]) || ask(vault, argv[3]);
    vpriv_vault_close(vault);
    vpriv_root_close(root);
    return failed;
}
