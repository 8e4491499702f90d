#include "tool.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

typedef struct option_definition {
    const char *name;
    const char *value; /* what it takes, as --help shows it; NULL takes none */
    size_t n_max;      /* how often it may be given where a command takes it repeatedly */
    const char *help;
} option_definition;

_Static_assert(N_OPTIONS <= 64, "a bit for each");

static const option_definition definitions[N_OPTIONS] = {
    [OPTION_ROOT] = {"root", "WHERE", 1,
        "the root key: a file, passphrase:FILE, recovery:FILE, kernel:NAME or tpm:[INDEX]; "
        "VAULT.root"},
    [OPTION_KEYRING] = {"keyring", "FILE", 1, "the keyring file; VAULT.keyring"},
    [OPTION_PASSPHRASE] = {"passphrase", "FILE", 1,
        "its first line is the passphrase, or the recovery key; without, it is asked for"},
    [OPTION_NEW_PASSPHRASE] = {"new-passphrase", "FILE", 1,
        "its first line is the new passphrase; without, it is asked for"},
    [OPTION_NAME] = {"name", "NAME", 1,
        "what the household calls the person, people the controller; stored sealed"},
    [OPTION_CLASS] = {"class", "CLASS", 1, "user, child, guest or bystander; user"},
    [OPTION_ID] = {"id", "TEXT", 1, "the controller's id, as consents name it"},
    [OPTION_SUBJECT] = {"subject", "ID", VPRIV_RECORDING_SUBJECTS_MAX,
        "whose voice: 32 hex digits"},
    [OPTION_GUEST] = {"guest", NULL, VPRIV_RECORDING_SUBJECTS_MAX,
        "a guest speaks as well: nothing is stored"},
    [OPTION_UNKNOWN_SPEAKER] = {"unknown-speaker", NULL, VPRIV_RECORDING_SUBJECTS_MAX,
        "somebody speaks whom nobody knows: nothing is stored"},
    [OPTION_OTHERS_HEARD] = {"others-heard", NULL, 1,
        "others are heard in the background: nothing is stored where all must agree"},
    [OPTION_PURPOSE] = {"purpose", "PURPOSE", VALUES_MAX, "what for, such as keep_history"},
    [OPTION_SINCE] = {"since", "TIME", 1, "at or after: 2026-11-22 or 2026-11-22T08:30:00Z"},
    [OPTION_UNTIL] = {"until", "TIME", 1, "before: 2026-11-22 or 2026-11-22T08:30:00Z"},
    [OPTION_BEFORE] = {"before", "TIME", 1, "what was started before: a date or RFC 3339 time"},
    [OPTION_COVERS_PAST] = {"covers-past", NULL, 1,
        "what was recorded before too, as --notice says; then run 'consent cover-past'"},
    [OPTION_NOTICE] = {"notice", "FILE", 1, "the exact text the person was shown"},
    [OPTION_NOTICE_VERSION] = {"notice-version", "TEXT", 1, "its version; from its hash"},
    [OPTION_LANGUAGE] = {"language", "TAG", 1, "its language, BCP 47; en"},
    [OPTION_INPUT] = {"input", "SOURCE", 1,
        "alsa:NAME, pulse, pulse:NAME, file:PATH, or - for WAV on standard input"},
    [OPTION_ALLOW_MONITOR] = {"allow-monitor", NULL, 1,
        "record what a speaker plays, when pulse:NAME names its monitor"},
    [OPTION_ALLOW_NON_CARD] = {"allow-non-card", NULL, 1,
        "record from an ALSA device that is no sound card, such as a file plug-in"},
    [OPTION_QUIET] = {"quiet", NULL, 1, "show no clock and no meter"},
    [OPTION_TRIGGER] = {"trigger", "KIND", 1, "what started it; button"},
    [OPTION_VOICE_GATE] = {"voice-gate", "WHEN", 1,
        "leave silence out: on, off, or auto, which is for wake-word and continuous; auto"},
    [OPTION_PREROLL] = {"preroll", "MS", 1,
        "microphone: keep so much from before the trigger, which is Enter on a terminal; 0"},
    [OPTION_CONFIRM_AFTER] = {"confirm-after", "MS", 1,
        "microphone: until so long after the trigger, control-C leaves nothing; at once"},
    [OPTION_MAX] = {"max", "SECONDS", 1,
        "end after so long: 15, 15s or 2m; never, or 15 s when a voice, raise or tap started it"},
    [OPTION_SILENCE] = {"silence", "SECONDS", 1,
        "end when nobody spoke for so long, 0 is never; never, or 1.5 s as with --max"},
    [OPTION_PROFILE] = {"profile", "NAME", 1,
        "microphone: as strict as the device has to be: wearable"},
    [OPTION_RETENTION] = {"retention", "TERM", 1,
        "48h, 72h, 90d, 3months, 18months, 36months, P10D or until-erased; without, nothing is "
        "stored"},
    [OPTION_BITRATE] = {"bitrate", "BPS", 1, "bits per second, 6000 to 510000; 24000"},
    [OPTION_COMPLEXITY] = {"complexity", "N", 1, "0 (least work) to 10 (best sound); 5"},
    [OPTION_RATE] = {"rate", "HZ", 1, "8000, 12000, 16000, 24000 or 48000; 16000"},
    [OPTION_CHANNELS] = {"channels", "N", 1, "1 or 2; 1"},
    [OPTION_THREADS] = {"threads", "N", 1,
        "encode long files on 1 to 64 threads; one per processor"},
    [OPTION_CREDENTIAL] = {"credential", "FILE", 1,
        "record with a capture credential, without root key and keyring"},
    [OPTION_OUTPUT] = {"output", "FILE", 1, "the file to make; it appears only when it is whole"},
    [OPTION_ACTOR] = {"actor", "NAME", 1, "who does it, for the log; your login name"},
    [OPTION_REASON] = {"reason", "TEXT", 1, "why, for the log"},
    [OPTION_RECIPIENT] = {"recipient", "PARTY", VPRIV_RECIPIENTS_MAX - 1,
        "who gets it, as named in the consent; the controller"},
    [OPTION_OUTCOME] = {"outcome", "ANSWER", 1, "deleted, not-kept, or not-deleted"},
    [OPTION_FORCE] = {"force", NULL, 1, "replace an existing file"},
    [OPTION_REPLACE] = {"replace", NULL, 1, "put it in the place of an older backup of this vault"},
    [OPTION_DEEP] = {"deep", NULL, 1,
        "insist on the keyring, and say how many recordings stayed shut"},
    [OPTION_CHECKPOINT] = {"checkpoint", "FILE", 1, "a checkpoint that was kept elsewhere"},
    [OPTION_RECEIPT] = {"receipt", "FILE", 1, "write a signed receipt of it; new file"},
    [OPTION_KEY] = {"key", "FILE", 1, "the device's public key, from receipt key"},
    [OPTION_ALL] = {"all", NULL, 1, "every recording"},
    [OPTION_ESTIMATE] = {"estimate", NULL, 1, "erase nothing: print what it would cost"},
    [OPTION_YES] = {"yes", NULL, 1, "do not ask"},
    [OPTION_AUTHORITY] = {"authority", "FILE", 1,
        "the authority's secret key, from 'jurisdiction key'"},
    [OPTION_PUBLIC_KEY] = {"public-key", "HEX", 1, "the authority's public key: 64 hex digits"},
    [OPTION_PLACE] = {"place", "PLACE", 1, "as in ISO 3166, DE or US-CA; strict: not known"},
    [OPTION_COUNTRY] = {"country", "CC", 1, "where the controller has its seat, ISO 3166-1; ZZ"},
    [OPTION_BORN] = {"born", "MONTH", 1, "such as 2010-06; 'unknown' forgets it"},
    [OPTION_BY] = {"by", "WHOM", 1,
        "whose word it is: person, parent, guardian, or guardians, all of them together; person"},
    [OPTION_WHERE] = {"where", "SCOPE", 1, "a place or a profile, DE or eu; * is everywhere"},
    [OPTION_FROM] = {"from", "TIME", 1, "begins at: 2026-11-22 or 2026-11-22T08:30:00Z; now"},
    [OPTION_KIND] = {"kind", "KIND", 1, "transcript, outcome, label, feature or other"},
    [OPTION_MEDIA_TYPE] = {"media-type", "TYPE", 1, "of what it says, such as text/plain"},
    [OPTION_JSON] = {"json", NULL, 1, "print one JSON document"},
    [OPTION_TEXT] = {"text", NULL, 1, "print it for people, which is the default"},
    [OPTION_HELP] = {"help", NULL, 1, "show this"},
};

const char *option_value(const tool_arguments *arguments, option_id id)
{
    const option_values *values = &arguments->options[id];
    return values->n > 0 ? values->items[0] : NULL;
}

bool option_given(const tool_arguments *arguments, option_id id)
{
    return arguments->options[id].n > 0;
}

void options_help(const tool_command *command)
{
    printf("usage: voicepriv %s %s", command->words, command->operands);
    for (int id = 0; id < N_OPTIONS; id++) {
        if (command->required & OPTION_BIT(id))
            printf(" --%s %s", definitions[id].name, definitions[id].value);
    }
    printf(" [OPTION...]\n\n%s\n\nOptions:\n", command->summary);
    for (int id = 0; id < N_OPTIONS; id++) {
        const option_definition *option = &definitions[id];
        char left[48];
        if (!((command->options | OPTION_BIT(OPTION_HELP)) & OPTION_BIT(id)))
            continue;
        snprintf(left, sizeof left, "--%s %s", option->name, option->value ? option->value : "");
        printf("  %-24s %s\n", left, option->help);
    }
    exit_codes_help();
}

static exit_code take_option(
    tool_arguments *arguments, const option_definition *option, const char *value)
{
    option_values *values = &arguments->options[option - definitions];
    const bool is_repeated = arguments->command->repeated & OPTION_BIT(option - definitions);
    const size_t n_max = is_repeated ? option->n_max : 1;
    if (values->n == n_max)
        return n_max == 1 ? tool_usage(arguments, "--%s is given twice", option->name)
                          : tool_usage(arguments, "--%s is given more than %zu times", option->name,
                                n_max);
    if (value && !*value)
        return tool_usage(arguments, "--%s is empty", option->name);
    values->items[values->n++] = value ? value : "";
    return EXIT_GOOD;
}

static exit_code check_operands(tool_arguments *arguments, int n_operands, char **operands)
{
    const tool_command *command = arguments->command;
    if (option_given(arguments, OPTION_HELP))
        return EXIT_GOOD;
    if (command->needs_no_vault)
        return n_operands == 0 ? EXIT_GOOD
                               : tool_usage(arguments, "'%s' is one operand too many", operands[0]);
    if (n_operands < 1 || !*operands[0])
        return strncmp(command->operands, "VAULT", 5) == 0
                   ? tool_usage(arguments, "no vault was named")
                   : tool_usage(arguments, "an operand is missing: %s", command->operands);
    if (n_operands < command->n_operands_min)
        return tool_usage(arguments, "an operand is missing: %s", command->operands);
    if (command->n_operands_max && n_operands > command->n_operands_max)
        return tool_usage(
            arguments, "'%s' is one operand too many", operands[command->n_operands_max]);
    for (int id = 0; id < N_OPTIONS; id++) {
        if ((command->required & OPTION_BIT(id)) && !option_given(arguments, (option_id)id))
            return tool_usage(arguments, "--%s is missing", definitions[id].name);
    }
    arguments->vault = operands[0];
    arguments->operands = operands + 1;
    arguments->n_operands = n_operands - 1;
    return EXIT_GOOD;
}

exit_code options_read(tool_arguments *arguments, int argc, char **argv)
{
    struct option known[N_OPTIONS + 1];
    size_t n_known = 0;
    for (int id = 0; id < N_OPTIONS; id++) {
        if ((arguments->command->options | OPTION_BIT(OPTION_HELP)) & OPTION_BIT(id))
            known[n_known++] = (struct option){definitions[id].name,
                definitions[id].value ? required_argument : no_argument, NULL, id + 256};
    }
    known[n_known] = (struct option){NULL, 0, NULL, 0};
    opterr = 0;
    optind = 1;
    for (;;) {
        const int found = getopt_long(argc, argv, ":", known, NULL);
        exit_code code = EXIT_GOOD;
        if (found == -1)
            break;
        if (found == ':')
            return tool_usage(arguments, "%s needs a value", argv[optind - 1]);
        if (found == '?' && optopt >= 256)
            return tool_usage(arguments, "--%s takes no value", definitions[optopt - 256].name);
        if (found == '?')
            return optopt ? tool_usage(arguments, "unknown option '-%c'", optopt)
                          : tool_usage(arguments, "unknown option '%s'", argv[optind - 1]);
        code = take_option(arguments, &definitions[found - 256], optarg);
        if (code != EXIT_GOOD)
            return code;
    }
    return check_operands(arguments, argc - optind, argv + optind);
}
