/* Push to talk: what is said while a button is down is kept, and nothing else.
 *
 *     05_push_to_talk kitchen.vault voice.raw
 *
 * Keys on standard input: p presses the button, r lets it go, m mutes and unmutes. Any other lets 100 ms
 * pass, with sound from voice.raw (16 kHz, mono, 16 bits), which stands in for an audio callback. */
#include <stdio.h>
#include <threads.h>
#include <voicepriv/voicepriv.h>

static bool failed(vpriv_status st, const char *at)
{
    return st && fprintf(stderr, "%s: %s: %s\n", at, vpriv_status_text(st), vpriv_error_detail());
}

static void light(void *user, vpriv_indicator indicator)
{
    (void)user;
    printf("lamp: %s\n", (const char *[]){"off", "listening", "recording", "muted"}[indicator]);
}

/* A button needs no second thought: pressing it is the trigger and the confirmation. */
static bool press(vpriv_recorder *recorder)
{
    const vpriv_trigger button = {.struct_size = sizeof button, .kind = VPRIV_TRIGGER_BUTTON};
    return failed(vpriv_recorder_trigger(recorder, &button), "press") ||
           failed(vpriv_recorder_confirm(recorder), "press");
}

static bool let_go(vpriv_recorder *recorder)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_status st = vpriv_recorder_finish(recorder, &outcome);
    printf("kept %llu ms\n", (unsigned long long)outcome.n_frames_48k / 48);
    return failed(st ? st : outcome.status, "let go");
}

static bool is_muted(const vpriv_recorder *recorder)
{
    return vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_MUTED;
}

static bool pass_time(vpriv_recorder *recorder, vpriv_source *source, FILE *sound)
{
    int16_t frames[1600];
    size_t n = fread(frames, sizeof frames[0], 1600, sound);
    const size_t room = vpriv_capture_push_space(source);
    n = is_muted(recorder) ? 0 : n; /* a closed device gives nothing */
    const bool is_wrong = failed(vpriv_capture_push_write(source, frames, n, &n), "microphone");
    while (vpriv_capture_push_space(source) < room &&
           vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED)
        thrd_sleep(&(struct timespec){0, 1000000}, NULL);
    return is_wrong;
}

static bool take_first(void *user, const vpriv_subject_info *info)
{
    *(vpriv_subject_info *)user = *info;
    return false;
}

int main(int argc, char **argv)
{
    vpriv_root_store *root = NULL;
    vpriv_vault *vault = NULL;
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_subject_info person = {0};
    char path[1024];
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 16000, 1};
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = person.id,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_48_HOURS,
        .no_pre_roll = true,
        .indicator = light};
    FILE *sound = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!sound)
        return fprintf(stderr, "usage: 05_push_to_talk VAULT SOUND\n"), 2;
    snprintf(path, sizeof path, "%s.root", argv[1]);
    bool is_wrong = failed(vpriv_root_file_open(path, &root), "root key") ||
                    failed(vpriv_vault_open(argv[1], root, NULL, &vault), "vault") ||
                    failed(vpriv_subject_list(vault, take_first, &person), "people") ||
                    failed(vpriv_capture_push_open(&format, 0, &source), "microphone") ||
                    failed(vpriv_recorder_open(vault, source, &config, &recorder), "recorder") ||
                    failed(vpriv_recorder_start(recorder), "listen");
    for (int key = 0; !is_wrong && (key = getchar()) != EOF;)
        is_wrong = key == 'p'           ? press(recorder)
                   : key == 'r'         ? let_go(recorder)
                   : key != 'm'         ? pass_time(recorder, source, sound)
                   : is_muted(recorder) ? failed(vpriv_recorder_unmute(recorder), "unmute")
                                        : failed(vpriv_recorder_mute(recorder), "mute");
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    vpriv_vault_close(vault);
    vpriv_root_close(root);
    fclose(sound);
    return is_wrong;
}
