/* The notices of the command itself. Their texts are part of what people consented to: a changed text
 * needs a new version, or old consents would seem to be for the new one. */
#include "json.h"
#include <stdio.h>

#define NOTICE_BUILTIN_VERSION "2"

static const char *const uses[VPRIV_PURPOSES_MAX] = {
    [VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION] =
        "What you say may be sent to another machine to answer your request. It is not stored for "
        "this.",
    [VPRIV_PURPOSE_KEEP_HISTORY] =
        "Recordings of your voice may be kept on this device, for you to listen to again.",
    [VPRIV_PURPOSE_HUMAN_REVIEW] =
        "People may listen to recordings of your voice and write down what they hear.",
    [VPRIV_PURPOSE_IMPROVE_BY_MACHINE] =
        "Machines may learn from recordings of your voice. No person listens to them for this.",
    [VPRIV_PURPOSE_DEVELOP_NEW_FEATURES] =
        "Recordings of your voice may be used to research and develop new features.",
    [VPRIV_PURPOSE_ON_DEVICE_ADAPTATION] =
        "This device may learn from recordings of your voice to understand you better.",
    [VPRIV_PURPOSE_SPEAKER_IDENTIFICATION] =
        "This device may tell from your voice that it is you who speaks. This is biometric data.",
    [VPRIV_PURPOSE_PROFILE_FOR_CONTENT_OR_ADS] =
        "What you say may be used to choose content and advertising for you.",
    [VPRIV_PURPOSE_FALSE_WAKE_ANALYSIS] =
        "When the device wakes by mistake, measurements of that may be used to avoid it. The sound "
        "itself is not kept for this.",
    [VPRIV_PURPOSE_DIAGNOSE_FAULT] =
        "One recording of your voice may be used to find the cause of one fault.",
    [VPRIV_PURPOSE_DONATION] = "You give recordings of your voice away for research.",
    [VPRIV_PURPOSE_TRAIN_THIRD_PARTY] =
        "Others may train their own models with recordings of your voice.",
};

/* A title, a name and whole sentences: the form that 'voicepriv notice lint' checks. */
char *notice_builtin_document(vpriv_purpose purpose)
{
    const char *use = (int)purpose >= 0 && purpose < VPRIV_PURPOSES_MAX ? uses[purpose] : NULL;
    const char *name = vpriv_purpose_name(purpose);
    char id[VPRIV_NOTICE_ID_BYTES], title[64];
    if (!use)
        return NULL;
    snprintf(id, sizeof id, "voicepriv-%s", name);
    snprintf(title, sizeof title, "Purpose: %s", name);
    json_t *texts = json_pack("{s:s, s:s, s:s, s:{s:s}, s:{s:s}}", "title", title, "controller",
        "The owner of this device decides what recordings are for. Recordings are encrypted. Each "
        "time one is opened, a log says who opened it, when and what for; you can read that log.",
        "withdrawal",
        "You can take your consent back at any time, as easily as you gave it: 'voicepriv consent "
        "withdraw', with this purpose. From then on nothing recorded before can be opened for it "
        "any more. You can also have recordings erased: 'voicepriv erase'.",
        "controls", name,
        "Yes. This is my own choice, and it is for this purpose alone: any other use is asked for "
        "separately.",
        "purposes", name, use);
    json_t *document = json_pack("{s:i, s:s, s:s, s:[{s:s, s:[s]}], s:{s:o}}", "voicepriv_notice",
        1, "id", id, "version", NOTICE_BUILTIN_VERSION, "controls", "id", name, "purposes", name,
        "languages", "en", texts);
    char *text = json_dumps(document, JSON_INDENT(2));
    json_decref(document);
    return text;
}
