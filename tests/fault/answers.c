#include "fault/answers.h"
#include <stdio.h>

static void mix(struct answer *answer, const void *data, size_t n_bytes)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < n_bytes; i++)
        answer->hash = (answer->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static bool mix_recording(void *user, const vpriv_recording_info *info)
{
    struct answer *answer = user;
    mix(answer, info, sizeof *info);
    answer->n++;
    return true;
}

static bool mix_subject(void *user, const vpriv_subject_info *info)
{
    struct answer *answer = user;
    mix(answer, info, sizeof *info);
    answer->n++;
    return true;
}

static bool mix_consent(void *user, const vpriv_consent_record *record)
{
    struct answer *answer = user;
    mix(answer, record->record_id, sizeof record->record_id);
    mix(answer, &record->event.state, sizeof record->event.state);
    mix(answer, &record->purpose, sizeof record->purpose);
    answer->n++;
    return true;
}

static bool mix_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    struct answer *answer = user;
    mix(answer, &index, sizeof index);
    mix(answer, &entry->time_us, sizeof entry->time_us);
    mix(answer, entry->actor, strlen(entry->actor));
    answer->n++;
    return true;
}

static struct answer *ask(struct answers *answers, const char *question, size_t number)
{
    ck_assert_uint_lt(answers->n, ANSWERS_MAX);
    struct answer *answer = &answers->answer[answers->n++];
    *answer = (struct answer){.hash = UINT64_C(0xcbf29ce484222325)};
    snprintf(answer->question, sizeof answer->question, "%s %zu", question, number);
    return answer;
}

static void ask_about_vault(struct life *life, struct answers *answers)
{
    vpriv_vault_info info = {.struct_size = sizeof info};
    struct answer *answer = ask(answers, "counts", 0);
    const vpriv_recording_filter filter = {.struct_size = sizeof filter, .with_tombstones = true};
    memset((uint8_t *)&info + sizeof info.struct_size, 0, sizeof info - sizeof info.struct_size);
    answer->status = vpriv_vault_about(life->vault, &info);
    answer->is_said_once = answer->is_number = true;
    answer->n = info.n_recordings + info.n_erased + info.n_subjects;
    mix(answer, &info.n_recordings, sizeof info.n_recordings);
    mix(answer, &info.n_erased, sizeof info.n_erased);
    mix(answer, &info.n_subjects, sizeof info.n_subjects);
    mix(answer, &info.log_size, sizeof info.log_size);
    answer = ask(answers, "recordings", 0);
    answer->status = vpriv_recording_list(life->vault, &filter, mix_recording, answer);
    answer = ask(answers, "subjects", 0);
    answer->status = vpriv_subject_list(life->vault, mix_subject, answer);
}

/* Everything that the decoder would be given, and what it would be told of the length. */
static void take_packets(
    struct life *life, const vpriv_recording_id *id, vpriv_purpose purpose, struct answer *answer)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = purpose, .actor = "picture"};
    vpriv_reader_info info = {.struct_size = sizeof info};
    vpriv_packet packet = {.struct_size = sizeof packet};
    vpriv_reader *reader = NULL;
    answer->status = vpriv_gate_open(life->vault, life->owner, id, &request, &reader);
    while (answer->status == VPRIV_OK && !packet.is_end) {
        answer->status = vpriv_gate_read_packet(reader, &packet);
        if (answer->status != VPRIV_OK)
            break;
        mix(answer, packet.data, packet.n_bytes);
        mix(answer, &packet.n_bytes, sizeof packet.n_bytes);
        mix(answer, &packet.duration_frames_48k, sizeof packet.duration_frames_48k);
        mix(answer, &packet.lost_frames_48k, sizeof packet.lost_frames_48k);
        answer->n++;
    }
    if (answer->status == VPRIV_OK) {
        ck_ok(vpriv_gate_about(reader, &info));
        mix(answer, &info.rate_hz, sizeof info.rate_hz);
        mix(answer, &info.n_channels, sizeof info.n_channels);
        mix(answer, &info.n_frames, sizeof info.n_frames);
        mix(answer, &info.is_unfinished, sizeof info.is_unfinished);
    }
    vpriv_gate_close(reader);
}

static void take_sound(
    struct life *life, const vpriv_recording_id *id, vpriv_purpose purpose, struct answer *answer)
{
    const struct life_sound sound = life_listen(life, id, purpose);
    answer->status = sound.status;
    answer->n = sound.n_frames;
    mix(answer, &sound.hash, sizeof sound.hash);
    mix(answer, &sound.n_frames, sizeof sound.n_frames);
    mix(answer, &sound.is_unfinished, sizeof sound.is_unfinished);
}

static void ask_about_recording(struct life *life, struct answers *answers, size_t i)
{
    static const vpriv_purpose purposes[] = {
        VPRIV_PURPOSE_KEEP_HISTORY, VPRIV_PURPOSE_HUMAN_REVIEW};
    const vpriv_recording_id *id = &answers->recordings[i];
    struct answer *answer = ask(answers, "who heard", i);
    answer->status = vpriv_gate_who_heard(life->vault, id, mix_entry, answer);
    vpriv_recording_info info;
    memset(&info, 0, sizeof info);
    answer = ask(answers, "about", i);
    answer->status = vpriv_recording_about(life->vault, id, &info);
    mix(answer, &info, sizeof info);
    for (size_t p = 0; p < 2; p++) {
        answer = ask(answers, p ? "sound for review" : "sound for history", i);
        answer->is_sound = true;
        if (answers->as_packets)
            take_packets(life, id, purposes[p], answer);
        else
            take_sound(life, id, purposes[p], answer);
    }
}

static void ask_about_subject(struct life *life, struct answers *answers, size_t i)
{
    const uint8_t *id = answers->subjects[i];
    const vpriv_recording_filter filter = {.struct_size = sizeof filter, .subject = id};
    struct answer *answer = ask(answers, "consents", i);
    answer->status = vpriv_consent_list(life->vault, id, true, mix_consent, answer);
    answer = ask(answers, "latest consents", i);
    answer->status = vpriv_consent_list(life->vault, id, false, mix_consent, answer);
    answer = ask(answers, "recordings of", i);
    answer->status = vpriv_recording_list(life->vault, &filter, mix_recording, answer);
    answer->is_said_once = true;
}

void answers_get(struct life *life, struct answers *answers)
{
    answers->n = 0;
    answers->opened = life_open(life);
    if (answers->opened != VPRIV_OK)
        return;
    ask_about_vault(life, answers);
    for (size_t i = 0; i < answers->n_subjects; i++)
        ask_about_subject(life, answers, i);
    for (size_t i = 0; i < answers->n_recordings; i++)
        ask_about_recording(life, answers, i);
    life_close(life);
}

const struct answer *answers_altered(const struct answers *before, const struct answers *after)
{
    for (size_t i = 0; after->opened == VPRIV_OK && i < after->n; i++) {
        const struct answer *then = &before->answer[i], *now = &after->answer[i];
        if (now->status != VPRIV_OK)
            continue;
        if (then->status != VPRIV_OK || now->hash != then->hash || now->n != then->n)
            return now;
    }
    return NULL;
}
