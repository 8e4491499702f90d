/* Record a sound file into a new vault, after the person in it said yes.
 *
 *     01_record kitchen.vault voice.wav
 *
 * A new vault keeps nothing. What changes that is a person's consent to one purpose, and a retention:
 * how long to keep the recording. Leave out either, and nothing is written. */
#include <stdio.h>
#include <string.h>
#include <voicepriv/voicepriv.h>

/* Most calls give a status; 0 is good. The detail says which file, field or limit it was about. */
static int check(vpriv_status st, const char *doing)
{
    if (st != VPRIV_OK)
        fprintf(stderr, "%s: %s: %s\n", doing, vpriv_status_text(st), vpriv_error_detail());
    return st != VPRIV_OK;
}

/* Adds a person, and their yes to exactly the text they were shown. */
static int ask(vpriv_vault *vault, uint8_t *subject)
{
    static const char text[] = "May this device keep what you say, so that you can listen to it?";
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = "history",
        .version = "1",
        .language = "en",
        .text = text,
        .text_bytes = strlen(text)};
    const vpriv_consent_evidence evidence = {
        .struct_size = sizeof evidence, .notice_id = "history", .surface = "example"};
    return check(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, subject), "add Ada") ||
           check(vpriv_notice_add(vault, &notice, NULL), "keep the notice") ||
           check(vpriv_consent_give(vault, subject, VPRIV_PURPOSE_KEEP_HISTORY, &evidence, NULL),
               "keep the consent");
}

static int record(vpriv_vault *vault, const uint8_t *subject, const char *path)
{
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_BUTTON};
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS};
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const int failed =
        check(vpriv_capture_file_open(path, &source), path) ||
        check(vpriv_recorder_open(vault, source, &config, &recorder), "set the recorder up") ||
        /* For a microphone: start, trigger, confirm, stop. A file is run in one go. */
        check(vpriv_recorder_run(recorder, &trigger, &outcome), "record");
    if (outcome.is_stored)
        printf("kept %llu ms in %llu sealed blocks\n",
            (unsigned long long)(outcome.n_frames_48k / 48), (unsigned long long)outcome.n_blocks);
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    return failed;
}

int main(int argc, char **argv)
{
    char root_path[1024], keyring_path[1024];
    vpriv_root_store *root = NULL;
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    if (argc != 3) {
        fprintf(stderr, "usage: 01_record VAULT SOUND\n");
        return 2;
    }
    /* On a real device the root key is in a secure element, and the keyring somewhere else. */
    snprintf(root_path, sizeof root_path, "%s.root", argv[1]);
    snprintf(keyring_path, sizeof keyring_path, "%s.keyring", argv[1]);
    /* Saved before the vault is one: wherever the power goes, there is no vault without its keyring. */
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .keyring_path = keyring_path};
    const int failed =
        check(vpriv_root_file_open(root_path, &root), "root key") ||
        check(vpriv_vault_create(argv[1], root, &options, &keyring, &vault), "make the vault") ||
        ask(vault, subject) || record(vault, subject, argv[2]);
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    vpriv_root_close(root);
    return failed;
}
