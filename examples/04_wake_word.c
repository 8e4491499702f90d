/* A wake word: listen in locked memory only, and keep what was meant.
 *
 *     04_wake_word kitchen.vault pulse
 *
 * The detector stands in for a real one: anything loud wakes it, and 600 ms later it looks again: a
 * voice, or a bang? Until the recorder is told, the key of the recording is in memory only. */
#include <stdio.h>
#include <threads.h>
#include <voicepriv/voicepriv.h>

#define LOOK_AGAIN (16000 * 11 / 10) /* frames of a request, which begins with 500 ms of pre-roll */

/* Frames that were loud, and all of them: while listening [0], and of a request [1]. */
static _Atomic unsigned n_loud[2], n_heard[2];

static bool failed(vpriv_status st, const char *at)
{
    return st && fprintf(stderr, "%s: %s: %s\n", at, vpriv_status_text(st), vpriv_error_detail());
}

/* Callbacks run on the recorder's thread and must not call it: this one takes notes for act(). */
static void hear(void *user, const vpriv_frames *frames)
{
    (void)user;
    float power = 0;
    for (size_t i = 0; i < frames->n_frames; i++)
        power += frames->samples[i] * frames->samples[i] / (float)frames->n_frames;
    n_loud[frames->is_request] += power > 0.001F ? (unsigned)frames->n_frames : 0;
    n_heard[frames->is_request] += (unsigned)frames->n_frames;
}

static void light(void *user, vpriv_indicator indicator)
{
    (void)user;
    printf("lamp: %s\n", (const char *[]){"off", "listening", "recording", "muted"}[indicator]);
}

static void tell(void *user, const vpriv_recorder_event *event)
{
    (void)user;
    if (event->kind == VPRIV_RECORDER_EVENT_ENDED && event->outcome->is_stored)
        printf("kept: %s\n", vpriv_end_reason_name(event->outcome->end_reason));
}

static bool act(vpriv_recorder *recorder)
{
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_WAKE_WORD};
    const vpriv_recorder_state state = vpriv_recorder_state_now(recorder);
    if (state == VPRIV_RECORDER_RING && n_loud[0] > 0) {
        n_loud[0] = n_loud[1] = n_heard[1] = 0;
        return failed(vpriv_recorder_trigger(recorder, &trigger), "trigger");
    }
    if (state != VPRIV_RECORDER_PROVISIONAL || n_heard[1] < LOOK_AGAIN)
        return false;
    const bool is_voice = n_loud[1] > LOOK_AGAIN / 8;
    printf(is_voice ? "a voice: confirmed\n" : "a bang: rejected\n");
    return failed((is_voice ? vpriv_recorder_confirm : vpriv_recorder_reject)(recorder), "answer");
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
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = person.id,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_48_HOURS,
        .frames = hear,
        .frames_while_listening = true,
        .indicator = light,
        .event = tell};
    if (argc != 3)
        return fprintf(stderr, "usage: 04_wake_word VAULT MICROPHONE\n"), 2;
    snprintf(path, sizeof path, "%s.root", argv[1]);
    bool is_wrong = failed(vpriv_root_file_open(path, &root), "root key") ||
                    failed(vpriv_vault_open(argv[1], root, NULL, &vault), "vault") ||
                    failed(vpriv_subject_list(vault, take_first, &person), "people") ||
                    failed(vpriv_capture_open(argv[2], NULL, &source), "microphone") ||
                    failed(vpriv_recorder_open(vault, source, &config, &recorder), "recorder") ||
                    failed(vpriv_recorder_start(recorder), "listen");
    for (; !is_wrong && vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED;
         thrd_sleep(&(struct timespec){0, 10000000}, NULL))
        is_wrong = act(recorder);
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    vpriv_vault_close(vault);
    vpriv_root_close(root);
    return is_wrong;
}
