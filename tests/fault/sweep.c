/* What the operations of the sweep share (see sweep.h). */
#include "fault/sweep.h"
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <voicepriv/inventory.h>
#include <voicepriv/storage.h>

void sweep_finish(struct sweep *s)
{
    vpriv_gate_close(s->reader);
    vpriv_hub_close(s->hub);
    vpriv_recorder_close(s->recorder);
    vpriv_capture_close(s->source);
    vpriv_vault_close(s->vault);
    vpriv_root_close(s->store);
    vpriv_keyring_close(s->keyring);
    s->reader = NULL;
    s->hub = NULL;
    s->recorder = NULL;
    s->source = NULL;
    s->vault = NULL;
    s->store = NULL;
    s->keyring = NULL;
}

vpriv_status sweep_take(void *user, const void *bytes, size_t n_bytes)
{
    struct sweep *s = user;
    if (n_bytes > sizeof s->out - s->n_out)
        return VPRIV_E_LIMIT;
    memcpy(s->out + s->n_out, bytes, n_bytes);
    s->n_out += n_bytes;
    return VPRIV_OK;
}

const char *sweep_beside(const struct sweep *s, const char *name)
{
    static char path[LIFE_PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", s->life.folder, name);
    return path;
}

vpriv_gate_request sweep_request(vpriv_purpose purpose)
{
    return (vpriv_gate_request){.struct_size = sizeof(vpriv_gate_request),
        .purpose = purpose,
        .actor = "sweeper",
        .reason = SWEEP_REASON};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What belongs to an open vault comes and goes with it. */
static bool is_passing(const char *name)
{
    static const char *const passing[] = {".", "..", "v-wal", "v-shm", "v-reserve", "v-lock"};
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        if (strcmp(name, passing[i]) == 0)
            return true;
    return false;
}

static void draw_names(const char *folder, FILE *text)
{
    char *names[64];
    size_t n = 0;
    DIR *entries = opendir(folder);
    ck_assert_ptr_nonnull(entries);
    for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (!is_passing(entry->d_name) && n < 64)
            names[n++] = strdup(entry->d_name);
    closedir(entries);
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) {
        fprintf(text, "file %s\n", names[i]);
        free(names[i]);
    }
}

void sweep_names(const struct sweep *s, char *text_out, size_t capacity)
{
    FILE *text = fmemopen(text_out, capacity, "w");
    ck_assert_ptr_nonnull(text);
    draw_names(s->life.folder, text);
    fclose(text);
}

/* Whether the second root still opens its vault, with its words and with its recovery key. */
static void draw_phrase(struct sweep *s, FILE *text)
{
    static const vpriv_passphrase_cost cheap = {sizeof cheap, 1, 8192};
    vpriv_status st[2];
    if (access(sweep_beside(s, "phrase.vault"), F_OK) != 0)
        return;
    for (int i = 0; i < 2; i++) {
        const char *path = sweep_beside(s, "phrase.root");
        st[i] = i == 0 ? vpriv_root_passphrase_open(
                             path, SWEEP_PHRASE, strlen(SWEEP_PHRASE), &cheap, &s->store)
                       : vpriv_root_recovery_open(path, s->recovery_key, &s->store);
        if (st[i] == VPRIV_OK)
            st[i] = vpriv_vault_open(sweep_beside(s, "phrase.vault"), s->store, NULL, &s->vault);
        sweep_finish(s);
    }
    fprintf(text, "passphrase: %s\nrecovery key: %s\n", vpriv_status_text(st[0]),
        vpriv_status_text(st[1]));
}

static bool has_bytes(const struct sweep *s, const char *name)
{
    struct stat info;
    return stat(sweep_beside(s, name), &info) == 0 && info.st_size > 0;
}

/* Whether a backup and a saved keyring are whole. Where a file cannot be removed any more it is emptied. */
static void draw_copies(struct sweep *s, FILE *text)
{
    vpriv_backup_info info = {.struct_size = sizeof info};
    if (has_bytes(s, "backup"))
        fprintf(text, "backup: %s\n",
            vpriv_status_text(vpriv_backup_check(sweep_beside(s, "backup"), s->life.store, &info)));
    if (has_bytes(s, "keyring"))
        fprintf(text, "keyring: %s\n",
            vpriv_status_text(vpriv_keyring_load(sweep_beside(s, "keyring"), &s->keyring)));
    sweep_finish(s);
}

/* Ids, hashes, times and generations differ from run to run. */
static void blur(const char *json, size_t n_bytes, FILE *text)
{
    for (size_t i = 0; i < n_bytes;) {
        size_t n = 0, n_digits = 0;
        while (i + n < n_bytes && (isalnum((uint8_t)json[i + n]) || json[i + n] == '-' ||
                                      json[i + n] == ':' || json[i + n] == '.')) {
            n_digits += isdigit((uint8_t)json[i + n]) != 0;
            n++;
        }
        if (n >= 10 && n_digits >= 3)
            fputc('#', text);
        else
            fwrite(json + i, 1, n, text);
        i += n;
        if (i < n_bytes)
            fputc(json[i++], text);
    }
}

char *sweep_picture(struct sweep *s)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *out = open_memstream(&text, &n_bytes);
    ck_assert_ptr_nonnull(out);
    char *life = life_picture(&s->life);
    fputs(life, out);
    free(life);
    s->n_out = 0;
    ck_ok(vpriv_inventory_json(s->life.vault, s->life.owner, sweep_take, s));
    blur(s->out, s->n_out, out);
    fputc('\n', out);
    draw_phrase(s, out);
    draw_copies(s, out);
    draw_names(s->life.folder, out);
    fclose(out);
    return text;
}
