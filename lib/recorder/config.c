#include "base/try.h"
#include "consent/purpose.h"
#include "consent/text.h"
#include "recorder/recorder.h"
#include "vault/decision.h"
#include "vault/false_wakes.h"
#include "vault/header.h"
#include <string.h>

#define PRE_ROLL_MS_DEFAULT  500
#define PRE_ROLL_MS_MAX      10000
#define CONFIRM_MS_DEFAULT   2000
#define CONFIRM_MS_MAX       60000
#define UNSEALED_MS_DEFAULT  1000
#define UNSEALED_MS_MIN      100
#define UNSEALED_MS_GATED    300 /* what the voice gate holds back is part of it */
#define MAXIMUM_MS_MAX       86400000u
#define MAXIMUM_MS_SPOKEN    15000 /* what answers to a voice ends by itself */
#define SILENCE_MS_SPOKEN    1500
#define SILENCE_MS_MIN       200
#define SILENCE_MS_MAX       60000
#define CONFIRM_MS_WEARABLE  700
#define SPEECH_WITHIN_MS     700
#define FALSE_WAKES_MAX      (VPI_BURST_MAX - 1)
#define FALSE_WAKES_WEARABLE 6

uint32_t vpi_recorder_pre_roll_ms(const vpriv_recorder_config *config)
{
    if (config->no_pre_roll)
        return 0;
    return config->pre_roll_ms ? config->pre_roll_ms : PRE_ROLL_MS_DEFAULT;
}

static vpriv_status check_voices(const vpi_voices *voices)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const size_t most = VPRIV_RECORDING_SUBJECTS_MAX;
    VPI_ENSURE(voices->n_subjects <= most && (voices->subjects || voices->n_subjects == 0),
        VPRIV_E_ARG, "%zu subjects; at most %zu", voices->n_subjects, most);
    VPI_ENSURE(voices->n_guests <= most && voices->n_unknown <= most, VPRIV_E_ARG,
        "%u guests and %u unknown speakers; at most %zu", voices->n_guests, voices->n_unknown,
        most);
    const size_t n = voices->n_subjects + voices->n_guests + voices->n_unknown;
    VPI_ENSURE(n >= 1 && n <= most, VPRIV_E_ARG, "%zu speakers; 1 to %zu are needed", n, most);
    VPI_ENSURE((unsigned)voices->all_identified <= VPRIV_FACT_YES, VPRIV_E_ARG,
        "all_identified is %d, which is no vpriv_fact", (int)voices->all_identified);
    for (size_t i = 0; i < voices->n_subjects; i++)
        for (size_t j = 0; j < i; j++)
            VPI_ENSURE(
                memcmp(voices->subjects + i * VPRIV_SUBJECT_ID_BYTES,
                    voices->subjects + j * VPRIV_SUBJECT_ID_BYTES, VPRIV_SUBJECT_ID_BYTES) != 0,
                VPRIV_E_ARG, "subject %zu is named twice", i + 1);
    st = VPRIV_OK;
out:
    return st;
}

static vpi_voices voices_of(const vpriv_recorder_config *config)
{
    return (vpi_voices){.subjects = config->subjects,
        .n_subjects = config->n_subjects,
        .n_guests = config->n_guests,
        .n_unknown = config->n_unknown_speakers,
        .all_identified = config->all_identified};
}

/* Who speaks at this trigger. What the recorder knows of others is not carried over to subjects that
 * are named anew. */
static vpriv_status voices_at(
    const vpriv_recorder_config *config, const vpriv_trigger *trigger, vpi_voices *voices_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t most = VPRIV_RECORDING_SUBJECTS_MAX;
    vpi_voices voices = {.subjects = trigger->subjects, .n_subjects = trigger->n_subjects};
    VPI_ENSURE(trigger->subjects || trigger->n_subjects == 0, VPRIV_E_ARG,
        "the trigger's n_subjects is %zu, and there are none", trigger->n_subjects);
    VPI_ENSURE(trigger->n_guests <= most && trigger->n_unknown_speakers <= most, VPRIV_E_ARG,
        "the trigger has %u guests and %u unknown speakers; at most %u", trigger->n_guests,
        trigger->n_unknown_speakers, most);
    if (!trigger->subjects)
        voices = voices_of(config);
    voices.n_guests += trigger->n_guests;
    voices.n_unknown += trigger->n_unknown_speakers;
    if (trigger->all_identified != VPRIV_FACT_UNKNOWN)
        voices.all_identified = trigger->all_identified;
    VPI_TRY(check_voices(&voices));
    *voices_out = voices;
    st = VPRIV_OK;
out:
    return st;
}

/* How a recording begins and ends. pre_roll_ms stays 0 for "as the trigger has it". */
static vpriv_status fill_times(vpriv_recorder_config *filled)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const bool is_wearable = filled->profile == VPRIV_RECORDER_PROFILE_WEARABLE;
    VPI_ENSURE((unsigned)filled->profile <= VPRIV_RECORDER_PROFILE_WEARABLE, VPRIV_E_ARG,
        "profile %d is not known", (int)filled->profile);
    VPI_ENSURE(filled->pre_roll_ms <= PRE_ROLL_MS_MAX, VPRIV_E_ARG, "pre_roll_ms is %u; at most %d",
        filled->pre_roll_ms, PRE_ROLL_MS_MAX);
    VPI_ENSURE(filled->confirm_ms <= CONFIRM_MS_MAX, VPRIV_E_ARG, "confirm_ms is %u; at most %d",
        filled->confirm_ms, CONFIRM_MS_MAX);
    if (filled->confirm_ms == 0)
        filled->confirm_ms = is_wearable ? CONFIRM_MS_WEARABLE : CONFIRM_MS_DEFAULT;
    VPI_ENSURE(filled->maximum_ms <= MAXIMUM_MS_MAX, VPRIV_E_ARG, "maximum_ms is %u; at most %u",
        filled->maximum_ms, MAXIMUM_MS_MAX);
    const uint32_t pre_roll_ms = vpi_recorder_pre_roll_ms(filled);
    VPI_ENSURE(filled->maximum_ms == 0 || filled->maximum_ms > pre_roll_ms, VPRIV_E_ARG,
        "maximum_ms is %u, and the pre-roll alone %u", filled->maximum_ms, pre_roll_ms);
    VPI_ENSURE(
        filled->trailing_silence_ms == 0 || (filled->trailing_silence_ms >= SILENCE_MS_MIN &&
                                                filled->trailing_silence_ms <= SILENCE_MS_MAX),
        VPRIV_E_ARG, "trailing_silence_ms is %u; %d to %d", filled->trailing_silence_ms,
        SILENCE_MS_MIN, SILENCE_MS_MAX);
    VPI_ENSURE(filled->false_wakes_per_hour <= FALSE_WAKES_MAX, VPRIV_E_ARG,
        "false_wakes_per_hour is %u; at most %d", filled->false_wakes_per_hour, FALSE_WAKES_MAX);
    if (filled->false_wakes_per_hour == 0 && is_wearable)
        filled->false_wakes_per_hour = FALSE_WAKES_WEARABLE;
    VPI_ENSURE(!filled->frames_while_listening || filled->frames, VPRIV_E_ARG,
        "frames_while_listening is set, and no frames callback");
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status fill_gate(vpriv_recorder_config *filled)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(filled->unsealed_ms == 0 || (filled->unsealed_ms >= UNSEALED_MS_MIN &&
                                               filled->unsealed_ms <= UNSEALED_MS_DEFAULT),
        VPRIV_E_ARG, "unsealed_ms is %u; %d to %d", filled->unsealed_ms, UNSEALED_MS_MIN,
        UNSEALED_MS_DEFAULT);
    if (filled->unsealed_ms == 0)
        filled->unsealed_ms = UNSEALED_MS_DEFAULT;
    VPI_ENSURE((unsigned)filled->voice_gate <= VPRIV_VOICE_GATE_OFF, VPRIV_E_ARG,
        "voice_gate %d is not known", (int)filled->voice_gate);
    VPI_ENSURE(
        filled->voice_gate != VPRIV_VOICE_GATE_ON || filled->unsealed_ms >= UNSEALED_MS_GATED,
        VPRIV_E_ARG, "unsealed_ms is %u; with the voice gate, which holds sound back, %d at least",
        filled->unsealed_ms, UNSEALED_MS_GATED);
    if (filled->unsealed_ms < UNSEALED_MS_GATED)
        filled->voice_gate = VPRIV_VOICE_GATE_OFF;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_recorder_config_check(
    const vpriv_recorder_config *config, vpriv_recorder_config *filled_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_recorder_config filled;
    VPI_ENSURE(config && config->struct_size == sizeof *config, VPRIV_E_ARG,
        "vpriv_recorder_config.struct_size is not set");
    filled = *config;
    const vpi_voices voices = voices_of(config);
    VPI_TRY(check_voices(&voices));
    VPI_TRY(vpriv_encoding_check(
        config->encoding.struct_size ? &config->encoding : NULL, &filled.encoding));
    VPI_ENSURE(vpi_retention_is_valid(config->retention), VPRIV_E_ARG,
        "retention class %d is not known", (int)config->retention);
    if (filled.required_purposes == 0)
        filled.required_purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY);
    if (filled.optional_purposes == 0 && !filled.required_only)
        filled.optional_purposes = vpi_purposes_storable();
    filled.optional_purposes &= ~filled.required_purposes;
    VPI_ENSURE(config->n_threads <= VPI_BULK_THREADS_MAX, VPRIV_E_ARG,
        "n_threads is %u; at most %d", config->n_threads, VPI_BULK_THREADS_MAX);
    VPI_TRY(fill_times(&filled));
    VPI_TRY(fill_gate(&filled));
    *filled_out = filled;
    st = VPRIV_OK;
out:
    return st;
}

/* A trigger that somebody speaks after, and that nobody ends by hand. */
static bool is_spoken(vpriv_trigger_kind kind)
{
    return kind == VPRIV_TRIGGER_WAKE_WORD || kind == VPRIV_TRIGGER_RAISE ||
           kind == VPRIV_TRIGGER_TAP || kind == VPRIV_TRIGGER_VOICE_ACTIVITY;
}

bool vpi_recorder_is_by_person(vpriv_trigger_kind kind)
{
    return kind == VPRIV_TRIGGER_WAKE_WORD || kind == VPRIV_TRIGGER_BUTTON ||
           kind == VPRIV_TRIGGER_RAISE || kind == VPRIV_TRIGGER_TAP;
}

vpi_recorder_limits vpi_recorder_limits_of(
    const vpriv_recorder_config *config, vpriv_trigger_kind kind, bool is_live)
{
    const bool ends_itself = is_live && is_spoken(kind);
    vpi_recorder_limits limits = {.maximum_ms = config->maximum_ms,
        .trailing_silence_ms = config->trailing_silence_ms,
        .confirm_ms = config->confirm_ms};
    if (limits.maximum_ms == 0 && ends_itself)
        limits.maximum_ms = MAXIMUM_MS_SPOKEN;
    if (limits.trailing_silence_ms == 0 && ends_itself)
        limits.trailing_silence_ms = SILENCE_MS_SPOKEN;
    if (config->no_maximum)
        limits.maximum_ms = 0;
    if (config->no_trailing_silence)
        limits.trailing_silence_ms = 0;
    limits.has_pre_roll = kind != VPRIV_TRIGGER_CONTINUOUS || config->pre_roll_ms > 0;
    if (kind == VPRIV_TRIGGER_RAISE && config->profile == VPRIV_RECORDER_PROFILE_WEARABLE)
        limits.speech_within_ms = SPEECH_WITHIN_MS;
    return limits;
}

bool vpi_recorder_is_gated(const vpriv_recorder_config *config, vpriv_trigger_kind kind)
{
    if (config->voice_gate == VPRIV_VOICE_GATE_DEFAULT)
        return kind == VPRIV_TRIGGER_CONTINUOUS || kind == VPRIV_TRIGGER_WAKE_WORD;
    return config->voice_gate == VPRIV_VOICE_GATE_ON;
}

vpriv_status vpi_recorder_request(const vpriv_recorder_config *config, const vpriv_trigger *trigger,
    vpi_sealer_request *request_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(trigger && trigger->struct_size == sizeof *trigger, VPRIV_E_ARG,
        "vpriv_trigger.struct_size is not set");
    VPI_ENSURE(trigger->kind >= VPRIV_TRIGGER_WAKE_WORD && trigger->kind <= VPRIV_TRIGGER_IMPORT,
        VPRIV_E_ARG, "trigger kind %d is not known", (int)trigger->kind);
    VPI_ENSURE(!trigger->wake_word || strlen(trigger->wake_word) < VPRIV_WAKE_WORD_BYTES,
        VPRIV_E_ARG, "wake_word is longer than %d bytes", VPRIV_WAKE_WORD_BYTES - 1);
    VPI_ENSURE(trigger->score >= 0 && trigger->score <= 1, VPRIV_E_ARG, "score is 0 to 1");
    const char *device_class = trigger->device_class ? trigger->device_class : "";
    VPI_ENSURE(strlen(device_class) < VPRIV_DEVICE_BYTES, VPRIV_E_ARG,
        "device_class is longer than %d bytes", VPRIV_DEVICE_BYTES - 1);
    VPI_ENSURE(vpi_text_is_plain(device_class, strlen(device_class)), VPRIV_E_ARG,
        "device_class is not plain UTF-8 text");
    vpi_voices voices = {.subjects = NULL};
    VPI_TRY(voices_at(config, trigger, &voices));
    memset(request_out, 0, sizeof *request_out);
    request_out->required = config->required_purposes;
    request_out->optional = config->optional_purposes;
    vpi_tag *tag = &request_out->tag;
    tag->n_subjects = (uint32_t)voices.n_subjects;
    if (voices.n_subjects > 0)
        memcpy(tag->subjects, voices.subjects, voices.n_subjects * (size_t)VPRIV_SUBJECT_ID_BYTES);
    tag->all_identified = voices.all_identified;
    request_out->n_guests = voices.n_guests;
    request_out->n_unknown = voices.n_unknown;
    tag->trigger = trigger->kind;
    tag->trigger_score = trigger->score;
    if (trigger->wake_word)
        memcpy(tag->wake_word, trigger->wake_word, strlen(trigger->wake_word) + 1);
    memcpy(tag->device_class, device_class, strlen(device_class) + 1);
    tag->retention = config->retention;
    st = VPRIV_OK;
out:
    return st;
}
