/* Effect statements. Every fact comes from the table of purposes or from the decision that capture asks;
 * nothing about a particular purpose is known here but which ones the library has a mechanism for. */
#include "base/try.h"
#include "consent/purpose.h"
#include "vault/decision.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <voicepriv/effects.h>

vpriv_status vpriv_effect_of(vpriv_purpose purpose, vpriv_effect *effect_out)
{
    const vpriv_purpose_info *about = vpriv_purpose_about(purpose);
    if (!about || !effect_out)
        return vpi_fail(VPRIV_E_ARG, "a purpose from 0 to 31 and room for its effect are needed");
    const uint32_t operations = vpi_purpose_operations(purpose);
    *effect_out = (vpriv_effect){.struct_size = sizeof *effect_out,
        .purpose = purpose,
        .basis = about->basis,
        .operations = operations,
        .human_involvement = vpi_purpose_human_involvement(purpose),
        .gives_frames = about->basis == VPRIV_PURPOSE_BASIS_TRIGGER,
        .may_be_shared = (operations & VPRIV_PROCESSING_SHARE) != 0,
        .is_written = about->is_storable,
        .opened_by = about->is_storable ? VPRIV_PURPOSE_BIT(purpose) : 0,
        .people_listen = (operations & VPRIV_PROCESSING_LISTEN) != 0,
        .uses_max = about->uses_max};
    return VPRIV_OK;
}

vpriv_status vpriv_effects_of(
    uint32_t in_force, const vpriv_effects_request *request, vpriv_effects *effects_out)
{
    vpriv_effects effects = {.struct_size = sizeof effects, .in_force = in_force};
    if (!request || request->struct_size != sizeof *request || !effects_out ||
        effects_out->struct_size != sizeof effects)
        return vpi_fail(VPRIV_E_ARG, "a request and effects with their struct_size are needed");
    const uint32_t required = request->required_purposes
                                  ? request->required_purposes
                                  : VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY);
    uint32_t kept = 0, heard = 0;
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        vpriv_effect effect;
        if (!(in_force >> p & 1) || vpriv_effect_of((vpriv_purpose)p, &effect) != VPRIV_OK)
            continue;
        effects.gives_frames = effects.gives_frames || effect.gives_frames;
        effects.may_be_shared |= effect.may_be_shared ? VPRIV_PURPOSE_BIT(p) : 0;
        kept |= effect.opened_by;
        heard |= effect.people_listen ? effect.opened_by : 0;
    }
    effects.retention = request->retention;
    /* A recorder that hands sound on does not start without leave for that; without leave for keeping it
     * hands on, and keeps nothing. */
    const bool starts = !request->with_frames || effects.gives_frames;
    effects.gives_frames = starts && request->with_frames;
    effects.is_written =
        starts && request->retention != VPRIV_RETENTION_NONE && (required & ~kept) == 0;
    effects.opened_by = effects.is_written ? kept : 0;
    effects.people_listen = effects.is_written ? heard : 0;
    *effects_out = effects;
    return VPRIV_OK;
}

vpriv_status vpriv_effects_now(
    vpriv_vault *vault, const vpriv_effects_request *request, vpriv_effects *effects_out)
{
    uint32_t in_force = 0;
    bool began = false;
    vpi_voices voices = {.all_identified = VPRIV_FACT_YES};
    if (!request || request->struct_size != sizeof *request || !request->subjects ||
        request->n_subjects < 1 || request->n_subjects > VPRIV_RECORDING_SUBJECTS_MAX)
        return vpi_fail(VPRIV_E_ARG, "1 to %d subjects are needed", VPRIV_RECORDING_SUBJECTS_MAX);
    vpriv_status st = vpi_vault_enter(vault, false);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    voices.subjects = request->subjects;
    voices.n_subjects = request->n_subjects;
    VPI_TRY(vpi_vault_read_begin(vault, &began));
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        const bool by_trigger =
            vpriv_purpose_about((vpriv_purpose)p)->basis == VPRIV_PURPOSE_BASIS_TRIGGER;
        VPI_TRY(vpi_decide_capture(
            vault, &voices, (vpriv_purpose)p, request->retention, &reasons, NULL));
        if (reasons == 0 && !(by_trigger && request->starts_by_itself))
            in_force |= VPRIV_PURPOSE_BIT(p);
    }
    st = VPRIV_OK;
out:
    vpi_vault_read_end(vault, began);
    vpi_vault_leave(vault);
    return st == VPRIV_OK ? vpriv_effects_of(in_force, request, effects_out) : st;
}

/* Words are put behind each other; what does not fit is cut, and fits. */
typedef struct words {
    char *text;
    size_t used;
} words;

static void say(words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(words *w, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(w->text + w->used, VPRIV_EFFECT_TEXT_BYTES - w->used, format, list);
    va_end(list);
    if (n > 0)
        w->used += (size_t)n;
    if (w->used >= VPRIV_EFFECT_TEXT_BYTES)
        w->used = VPRIV_EFFECT_TEXT_BYTES - 1;
}

static void say_purposes(words *w, uint32_t set)
{
    const char *between = "";
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        if (!(set >> p & 1))
            continue;
        say(w, "%s%s", between, vpriv_purpose_name((vpriv_purpose)p));
        between = ", ";
    }
}

const char *vpriv_effect_text(const vpriv_effect *effect, char *text_out)
{
    words w = {.text = text_out};
    text_out[0] = '\0';
    say(&w, "Leaves memory: %s%s%s.\n",
        effect->gives_frames ? "sound goes to the application while a request lasts" : "",
        effect->may_be_shared ? "sound may be given to the recipients that the consent names" : "",
        effect->gives_frames || effect->may_be_shared ? "" : "nothing");
    say(&w, "Is written: %s.\n",
        effect->is_written ? "a sealed recording, for as long as it may be kept" : "nothing");
    if (!effect->is_written)
        say(&w, "Can be opened: by nobody, there is nothing to open.\n");
    else
        say(&w, "Can be opened: with the root store and the key of %s%s; %s.\n",
            vpriv_purpose_name(effect->purpose),
            effect->uses_max == 1 ? ", once for each consent" : "",
            effect->people_listen ? "people listen" : "nobody has to listen");
    return text_out;
}

const char *vpriv_effects_text(const vpriv_effects *effects, char *text_out)
{
    char retention[VPRIV_RETENTION_BYTES];
    words w = {.text = text_out};
    text_out[0] = '\0';
    say(&w, "Leaves memory: %s",
        effects->gives_frames ? "sound goes to the application while a request lasts" : "nothing");
    if (effects->may_be_shared) {
        say(&w, "%s it may be given to others for ", effects->gives_frames ? ";" : " by itself;");
        say_purposes(&w, effects->may_be_shared);
    }
    say(&w, ".\n");
    if (!effects->is_written) {
        say(&w, "Is written: nothing.\nCan be opened: by nobody, there is nothing to open.\n");
        return text_out;
    }
    say(&w, "Is written: a sealed recording, kept: %s.\n",
        vpriv_retention_name(effects->retention, retention));
    say(&w, "Can be opened: with the root store and the key of one of ");
    say_purposes(&w, effects->opened_by);
    say(&w, "; ");
    if (effects->people_listen) {
        say(&w, "people listen for ");
        say_purposes(&w, effects->people_listen);
    } else {
        say(&w, "nobody has to listen");
    }
    say(&w, ".\n");
    return text_out;
}
