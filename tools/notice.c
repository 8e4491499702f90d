/* The notices of the command itself. Their texts are part of what people consented to: a changed text
 * needs a new version (cmd_consent.c), or old consents would seem to be for the new one. */
#include "tool.h"
#include <stdio.h>

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

bool notice_builtin_text(vpriv_purpose purpose, char *text_out)
{
    const char *use = (int)purpose >= 0 && purpose < VPRIV_PURPOSES_MAX ? uses[purpose] : NULL;
    if (!use)
        return false;
    snprintf(text_out, NOTICE_TEXT_BYTES,
        "Purpose: %s\n\n"
        "%s\n\n"
        "This is your own choice, and it is for this purpose alone: any other use is asked for\n"
        "separately. Recordings are encrypted. Each time one is opened, a log says who opened it, "
        "when\nand what for; you can read that log.\n\n"
        "You can take your consent back at any time, as easily as you gave it: 'voicepriv consent\n"
        "withdraw', with this purpose. From then on nothing recorded before can be opened for it "
        "any\nmore. You can also have recordings erased: 'voicepriv erase'.\n",
        vpriv_purpose_name(purpose), use);
    return true;
}
