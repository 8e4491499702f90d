/* Listen to every recording in a vault, and see that the listening is on record.
 *
 *     02_listen kitchen.vault
 *
 * The gate is the only way to sound. It decides whether the person's consent covers the purpose,
 * writes down who asks, and only then takes the key out. */
#include <math.h>
#include <stdio.h>
#include <voicepriv/voicepriv.h>

#define RECORDINGS_MAX 100

typedef struct recordings {
    size_t n;
    vpriv_recording_id ids[RECORDINGS_MAX];
} recordings;

static int check(vpriv_status st, const char *doing)
{
    if (st != VPRIV_OK)
        fprintf(stderr, "%s: %s: %s\n", doing, vpriv_status_text(st), vpriv_error_detail());
    return st != VPRIV_OK;
}

static bool remember(void *user, const vpriv_recording_info *info)
{
    recordings *found = user;
    found->ids[found->n++] = info->id;
    return found->n < RECORDINGS_MAX;
}

static bool print_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)user;
    printf("  log %llu: %s %s for %s\n", (unsigned long long)index, entry->actor,
        entry->kind == VPRIV_LOG_ACCESS_GRANTED ? "heard it" : "was refused",
        vpriv_purpose_name((vpriv_purpose)entry->purpose));
    return true;
}

/* Hears a recording to its end: here it only measures how long and how loud it is. */
static int listen_to(vpriv_vault *vault, const vpriv_keyring *keyring, const vpriv_recording_id *id)
{
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
        .actor = "ada",
        .reason = "an example"};
    vpriv_reader *reader = NULL;
    vpriv_reader_info info = {.struct_size = sizeof info};
    float pcm[960 * 2], peak = 0;
    size_t n_read = 0, n_frames = 0;
    int failed = check(vpriv_gate_open(vault, keyring, id, &request, &reader), "open") ||
                 check(vpriv_gate_about(reader, &info), "about");
    while (!failed) {
        failed = check(vpriv_gate_read_frames(reader, pcm, 960, &n_read), "read");
        if (failed || n_read == 0)
            break;
        for (size_t i = 0; i < n_read * info.n_channels; i++)
            peak = fmaxf(peak, fabsf(pcm[i]));
        n_frames += n_read;
    }
    vpriv_gate_close(reader);
    if (!failed)
        printf("heard %.2f s, peak %.2f\n", (double)n_frames / info.rate_hz, (double)peak);
    return failed;
}

int main(int argc, char **argv)
{
    char root_path[1024], keyring_path[1024];
    vpriv_root_store *root = NULL;
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    recordings found = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: 02_listen VAULT\n");
        return 2;
    }
    snprintf(root_path, sizeof root_path, "%s.root", argv[1]);
    snprintf(keyring_path, sizeof keyring_path, "%s.keyring", argv[1]);
    int failed = check(vpriv_root_file_open(root_path, &root), "root key") ||
                 check(vpriv_keyring_load(keyring_path, &keyring), "keyring") ||
                 check(vpriv_vault_open(argv[1], root, NULL, &vault), "vault") ||
                 check(vpriv_recording_list(vault, NULL, remember, &found), "list");
    for (size_t i = 0; i < found.n && !failed; i++)
        failed = listen_to(vault, keyring, &found.ids[i]) ||
                 check(vpriv_gate_who_heard(vault, &found.ids[i], print_access, NULL), "who heard");
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    vpriv_root_close(root);
    return failed || found.n == 0;
}
