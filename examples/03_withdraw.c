/* Everybody in a vault takes their consent back, and no recording opens any more.
 *
 *     03_withdraw kitchen.vault
 *
 * Withdrawing destroys one key per person and purpose, however many recordings there are. Old copies
 * of the vault file hold recordings whose key needs the destroyed one: they stay shut too. */
#include <stdio.h>
#include <string.h>
#include <voicepriv/voicepriv.h>

#define PEOPLE_MAX 16

typedef struct people {
    size_t n;
    uint8_t ids[PEOPLE_MAX][VPRIV_SUBJECT_ID_BYTES];
} people;

static int check(vpriv_status st, const char *doing)
{
    if (st != VPRIV_OK)
        fprintf(stderr, "%s: %s: %s\n", doing, vpriv_status_text(st), vpriv_error_detail());
    return st != VPRIV_OK;
}

static bool remember_person(void *user, const vpriv_subject_info *info)
{
    people *found = user;
    memcpy(found->ids[found->n++], info->id, VPRIV_SUBJECT_ID_BYTES);
    return found->n < PEOPLE_MAX;
}

static bool remember_first(void *user, const vpriv_recording_info *info)
{
    *(vpriv_recording_id *)user = info->id;
    return false;
}

/* Tries to open a recording; 0 when it was refused for lack of consent, as it must be. */
static int try_to_listen(
    vpriv_vault *vault, const vpriv_keyring *keyring, const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
        .actor = "ada",
        .reason = "an example"};
    vpriv_reader *reader = NULL;
    const vpriv_status st = vpriv_gate_open(vault, keyring, id, &request, &reader);
    printf("listening: %s: %s\n", vpriv_status_text(st), vpriv_error_detail());
    vpriv_gate_close(reader);
    return st != VPRIV_E_CONSENT;
}

/* The yes is taken back; the receipt says which generation of the root key made it final. */
static int withdraw(vpriv_vault *vault, const uint8_t *subject)
{
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    const vpriv_status st =
        vpriv_consent_withdraw(vault, subject, VPRIV_PURPOSE_KEEP_HISTORY, NULL, &receipt);
    if (st == VPRIV_OK)
        printf("withdrawn: root key %llu is gone, %llu is in its place\n",
            (unsigned long long)receipt.generation_before,
            (unsigned long long)receipt.generation_after);
    return check(st, "withdraw");
}

int main(int argc, char **argv)
{
    char root_path[1024], keyring_path[1024];
    vpriv_root_store *root = NULL;
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    people found = {0};
    vpriv_recording_id recording = {{0}};
    if (argc != 2) {
        fprintf(stderr, "usage: 03_withdraw VAULT\n");
        return 2;
    }
    snprintf(root_path, sizeof root_path, "%s.root", argv[1]);
    snprintf(keyring_path, sizeof keyring_path, "%s.keyring", argv[1]);
    int failed = check(vpriv_root_file_open(root_path, &root), "root key") ||
                 check(vpriv_keyring_load(keyring_path, &keyring), "keyring") ||
                 check(vpriv_vault_open(argv[1], root, NULL, &vault), "vault") ||
                 check(vpriv_subject_list(vault, remember_person, &found), "people") ||
                 check(vpriv_recording_list(vault, NULL, remember_first, &recording), "list");
    for (size_t i = 0; i < found.n && !failed; i++)
        failed = withdraw(vault, found.ids[i]);
    failed = failed || try_to_listen(vault, keyring, &recording);
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    vpriv_root_close(root);
    return failed;
}
