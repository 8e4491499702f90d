#include "base/try.h"
#include "consent/purpose.h"
#include "recorder/recorder.h"
#include <string.h>

#define PRE_ROLL_MS_DEFAULT 500
#define PRE_ROLL_MS_MAX     10000
#define CONFIRM_MS_DEFAULT  2000
#define CONFIRM_MS_MAX      60000
#define UNSEALED_MS_DEFAULT 1000
#define UNSEALED_MS_MIN     100
#define UNSEALED_MS_GATED   300 /* what the voice gate holds back is part of it */
#define MAXIMUM_MS_MAX      86400000u

vpriv_status vpi_recorder_config_check(
    const vpriv_recorder_config *config, vpriv_recorder_config *filled_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_recorder_config filled;
    VPI_ENSURE(config && config->struct_size == sizeof *config, VPRIV_E_ARG,
        "vpriv_recorder_config.struct_size is not set");
    filled = *config;
    VPI_ENSURE(config->subjects && config->n_subjects >= 1 &&
                   config->n_subjects <= VPRIV_RECORDING_SUBJECTS_MAX,
        VPRIV_E_ARG, "%zu subjects; 1 to %d are needed", config->n_subjects,
        VPRIV_RECORDING_SUBJECTS_MAX);
    for (size_t i = 0; i < config->n_subjects; i++)
        for (size_t j = 0; j < i; j++)
            VPI_ENSURE(
                memcmp(config->subjects + i * VPRIV_SUBJECT_ID_BYTES,
                    config->subjects + j * VPRIV_SUBJECT_ID_BYTES, VPRIV_SUBJECT_ID_BYTES) != 0,
                VPRIV_E_ARG, "subject %zu is named twice", i + 1);
    VPI_TRY(vpriv_encoding_check(
        config->encoding.struct_size ? &config->encoding : NULL, &filled.encoding));
    VPI_ENSURE((unsigned)config->retention <= VPRIV_RETENTION_ERASED_ONLY, VPRIV_E_ARG,
        "retention class %d is not known", (int)config->retention);
    if (filled.required_purposes == 0)
        filled.required_purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY);
    if (filled.optional_purposes == 0 && !filled.required_only)
        filled.optional_purposes = vpi_purposes_storable();
    filled.optional_purposes &= ~filled.required_purposes;
    VPI_ENSURE(config->pre_roll_ms <= PRE_ROLL_MS_MAX, VPRIV_E_ARG, "pre_roll_ms is %u; at most %d",
        config->pre_roll_ms, PRE_ROLL_MS_MAX);
    if (config->no_pre_roll)
        filled.pre_roll_ms = 0;
    else if (config->pre_roll_ms == 0)
        filled.pre_roll_ms = PRE_ROLL_MS_DEFAULT;
    VPI_ENSURE(config->confirm_ms <= CONFIRM_MS_MAX, VPRIV_E_ARG, "confirm_ms is %u; at most %d",
        config->confirm_ms, CONFIRM_MS_MAX);
    if (config->confirm_ms == 0)
        filled.confirm_ms = CONFIRM_MS_DEFAULT;
    VPI_ENSURE(config->maximum_ms <= MAXIMUM_MS_MAX, VPRIV_E_ARG, "maximum_ms is %u; at most %u",
        config->maximum_ms, MAXIMUM_MS_MAX);
    VPI_ENSURE(config->unsealed_ms == 0 || (config->unsealed_ms >= UNSEALED_MS_MIN &&
                                               config->unsealed_ms <= UNSEALED_MS_DEFAULT),
        VPRIV_E_ARG, "unsealed_ms is %u; %d to %d", config->unsealed_ms, UNSEALED_MS_MIN,
        UNSEALED_MS_DEFAULT);
    if (config->unsealed_ms == 0)
        filled.unsealed_ms = UNSEALED_MS_DEFAULT;
    VPI_ENSURE(config->n_threads <= VPI_BULK_THREADS_MAX, VPRIV_E_ARG,
        "n_threads is %u; at most %d", config->n_threads, VPI_BULK_THREADS_MAX);
    VPI_ENSURE((unsigned)config->voice_gate <= VPRIV_VOICE_GATE_OFF, VPRIV_E_ARG,
        "voice_gate %d is not known", (int)config->voice_gate);
    VPI_ENSURE(config->voice_gate != VPRIV_VOICE_GATE_ON || filled.unsealed_ms >= UNSEALED_MS_GATED,
        VPRIV_E_ARG, "unsealed_ms is %u; with the voice gate, which holds sound back, %d at least",
        filled.unsealed_ms, UNSEALED_MS_GATED);
    if (filled.unsealed_ms < UNSEALED_MS_GATED)
        filled.voice_gate = VPRIV_VOICE_GATE_OFF;
    *filled_out = filled;
    st = VPRIV_OK;
out:
    return st;
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
    memset(request_out, 0, sizeof *request_out);
    request_out->required = config->required_purposes;
    request_out->optional = config->optional_purposes;
    vpi_tag *tag = &request_out->tag;
    tag->n_subjects = (uint32_t)config->n_subjects;
    memcpy(tag->subjects, config->subjects, config->n_subjects * (size_t)VPRIV_SUBJECT_ID_BYTES);
    tag->trigger = trigger->kind;
    tag->trigger_score = trigger->score;
    if (trigger->wake_word)
        memcpy(tag->wake_word, trigger->wake_word, strlen(trigger->wake_word) + 1);
    tag->retention = config->retention;
    st = VPRIV_OK;
out:
    return st;
}
