#include "tool.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define O(name)  OPTION_BIT(OPTION_##name)
#define COMMON   (O(ROOT) | O(PASSPHRASE) | O(KEYRING))
#define ENCODING (O(RETENTION) | O(BITRATE) | O(COMPLEXITY) | O(RATE) | O(CHANNELS) | O(THREADS))
#define SPEAKERS (O(SUBJECT) | O(GUEST) | O(UNKNOWN_SPEAKER) | O(OTHERS_HEARD))
#define CONSENT  (O(SUBJECT) | O(PURPOSE))
#define RECEIPT  (O(RECEIPT) | O(FORCE))

static const tool_command commands[] = {
    {.words = "init",
        .operands = "VAULT",
        .summary = "Make a new vault. It stores nothing until somebody consents.",
        .options = COMMON | O(COUNTRY) | O(PLACE) | O(PUBLIC_KEY),
        .n_operands_max = 1,
        .run = command_init},
    {.words = "root show",
        .operands = "VAULT",
        .summary = "Tell where the root key is, and how well that forgets.",
        .options = COMMON,
        .n_operands_max = 1,
        .run = command_root_show},
    {.words = "root move",
        .operands = "VAULT WHERE",
        .summary = "Move the root key, which is replaced on the way: WHERE is as for --root.",
        .options = COMMON | O(NEW_PASSPHRASE) | O(ACTOR),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_root_move},
    {.words = "root passphrase",
        .operands = "VAULT",
        .summary = "Change the passphrase of the root key file.",
        .options = COMMON | O(NEW_PASSPHRASE),
        .required = O(ROOT),
        .n_operands_max = 1,
        .run = command_root_passphrase},
    {.words = "root recovery-key",
        .operands = "VAULT",
        .summary = "Make a recovery key for a forgotten passphrase, and print it: write it down.",
        .options = COMMON,
        .required = O(ROOT),
        .n_operands_max = 1,
        .run = command_root_recovery_key},
    {.words = "info",
        .operands = "VAULT",
        .summary = "Tell what a vault is and how much it holds.",
        .options = COMMON | O(JSON),
        .n_operands_max = 1,
        .run = command_info},
    {.words = "controller",
        .operands = "VAULT",
        .summary = "Say who the controller is now; every consent ends and is asked for again.",
        .options = COMMON | O(ID) | O(NAME) | O(COUNTRY) | O(ACTOR) | O(YES),
        .required = O(ID) | O(NAME) | O(COUNTRY),
        .n_operands_max = 1,
        .run = command_controller},
    {.words = "subject add",
        .operands = "VAULT",
        .summary = "Add a person and print their id.",
        .options = COMMON | O(NAME) | O(CLASS),
        .required = O(NAME),
        .n_operands_max = 1,
        .run = command_subject_add},
    {.words = "subject list",
        .operands = "VAULT",
        .summary = "List the people.",
        .options = COMMON | O(JSON),
        .n_operands_max = 1,
        .run = command_subject_list},
    {.words = "subject place",
        .operands = "VAULT",
        .summary = "Say where a person is at home, and in which month they were born.",
        .options = COMMON | O(SUBJECT) | O(PLACE) | O(BORN),
        .required = O(SUBJECT),
        .n_operands_max = 1,
        .run = command_subject_place},
    {.words = "consent give",
        .operands = "VAULT",
        .summary = "Record that a person says yes to a purpose.",
        .options = COMMON | CONSENT | O(BY) | O(UNTIL) | O(COVERS_PAST) | O(NOTICE) |
                   O(NOTICE_VERSION) | O(LANGUAGE) | O(RECIPIENT) | RECEIPT,
        .required = CONSENT,
        .repeated = O(RECIPIENT),
        .n_operands_max = 1,
        .run = command_consent_give},
    {.words = "consent refuse",
        .operands = "VAULT",
        .summary = "Record that a person says no to a purpose.",
        .options = COMMON | CONSENT | O(BY) | RECEIPT,
        .required = CONSENT,
        .n_operands_max = 1,
        .run = command_consent_refuse},
    {.words = "consent withdraw",
        .operands = "VAULT",
        .summary = "Withdraw a consent: nothing opens for the purpose any more.",
        .options = COMMON | CONSENT | O(BY) | RECEIPT,
        .required = CONSENT,
        .n_operands_max = 1,
        .run = command_consent_withdraw},
    {.words = "consent show",
        .operands = "VAULT",
        .summary = "Show what a person said, for one purpose or for all.",
        .options = COMMON | CONSENT | O(JSON),
        .required = O(SUBJECT),
        .n_operands_max = 1,
        .run = command_consent_show},
    {.words = "consent sync",
        .operands = "VAULT FILE",
        .summary = "Take in events of other surfaces, all or nothing, and print what changed.",
        .options = COMMON | O(JSON),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_consent_sync},
    {.words = "consent export-events",
        .operands = "VAULT",
        .summary = "Print every consent event as a signed line, for 'consent sync' elsewhere.",
        .options = COMMON,
        .n_operands_max = 1,
        .run = command_consent_export_events},
    {.words = "consent surface add",
        .operands = "VAULT NAME KEY",
        .summary = "Trust a surface; KEY is its Ed25519 public key, 64 hex digits.",
        .options = COMMON | O(ACTOR),
        .n_operands_min = 3,
        .n_operands_max = 3,
        .run = command_consent_surface_add},
    {.words = "consent cover-past",
        .operands = "VAULT",
        .summary = "Open a person's earlier recordings, by a consent that covers the past.",
        .options = COMMON | CONSENT | O(ACTOR) | O(QUIET) | O(JSON),
        .required = CONSENT,
        .n_operands_max = 1,
        .run = command_consent_cover_past},
    {.words = "speaker add",
        .operands = "VAULT RECORDING PERSON",
        .summary = "Somebody else speaks in it: keep what they allow, or erase it.",
        .options = COMMON | O(REASON) | O(ACTOR),
        .n_operands_min = 3,
        .n_operands_max = 3,
        .run = command_speaker_add},
    {.words = "notice lint",
        .operands = "FILE",
        .summary = "Check a notice document: what it leaves out, bundles or hides.",
        .options = O(JSON),
        .n_operands_max = 1,
        .run = command_notice_lint},
    {.words = "notice render",
        .operands = "FILE",
        .summary = "Make the exact text that people are shown from a notice document.",
        .options = O(LANGUAGE) | O(OUTPUT) | O(FORCE),
        .required = O(LANGUAGE),
        .n_operands_max = 1,
        .run = command_notice_render},
    {.words = "notice builtin",
        .operands = "PURPOSE",
        .summary = "Print the notice document that 'consent give' uses without --notice.",
        .n_operands_max = 1,
        .run = command_notice_builtin},
    {.words = "devices",
        .operands = "",
        .summary = "List the microphones that can be recorded.",
        .options = O(JSON),
        .needs_no_vault = true,
        .run = command_devices},
    {.words = "record",
        .operands = "VAULT",
        .summary = "Record one source and print the recording's id.",
        .options = COMMON | ENCODING | SPEAKERS | O(INPUT) | O(TRIGGER) | O(VOICE_GATE) |
                   O(CREDENTIAL) | O(ALLOW_MONITOR) | O(ALLOW_NON_CARD) | O(QUIET) | O(PREROLL) |
                   O(CONFIRM_AFTER) | O(MAX) | O(SILENCE) | O(PROFILE),
        .required = O(SUBJECT) | O(INPUT),
        .repeated = O(SUBJECT) | O(GUEST) | O(UNKNOWN_SPEAKER),
        .n_operands_max = 1,
        .run = command_record},
    {.words = "import",
        .operands = "VAULT FILE...",
        .summary = "Import sound files, print each one's id; Ogg Opus is kept as it is.",
        .options = COMMON | ENCODING | SPEAKERS,
        .required = O(SUBJECT),
        .repeated = O(SUBJECT) | O(GUEST) | O(UNKNOWN_SPEAKER),
        .n_operands_min = 2,
        .run = command_import},
    {.words = "list",
        .operands = "VAULT",
        .summary = "List recordings.",
        .options = COMMON | O(SUBJECT) | O(SINCE) | O(UNTIL) | O(JSON),
        .n_operands_max = 1,
        .run = command_list},
    {.words = "export",
        .operands = "VAULT RECORDING",
        .summary = "Open a recording for a purpose and write it as .opus or .wav.",
        .options = COMMON | O(PURPOSE) | O(OUTPUT) | O(ACTOR) | O(REASON) | O(RECIPIENT) | O(FORCE),
        .required = O(PURPOSE) | O(OUTPUT),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_export},
    {.words = "who-heard",
        .operands = "VAULT RECORDING",
        .summary = "List who opened a recording, and who was refused.",
        .options = COMMON | O(JSON),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_who_heard},
    {.words = "derivative add",
        .operands = "VAULT RECORDING FILE",
        .summary = "Keep what was made from a recording with it; FILE - is standard input.",
        .options = COMMON | O(KIND) | O(PURPOSE) | O(MEDIA_TYPE) | O(LANGUAGE) | O(ACTOR),
        .required = O(KIND) | O(PURPOSE),
        .repeated = O(PURPOSE),
        .n_operands_min = 3,
        .n_operands_max = 3,
        .run = command_derivative_add},
    {.words = "derivative list",
        .operands = "VAULT RECORDING",
        .summary = "List what was made from a recording.",
        .options = COMMON | O(JSON),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_derivative_list},
    {.words = "derivative show",
        .operands = "VAULT DERIVATIVE",
        .summary = "Open one for a purpose and print it, or write it to a file.",
        .options = COMMON | O(PURPOSE) | O(OUTPUT) | O(ACTOR) | O(REASON) | O(RECIPIENT) | O(FORCE),
        .required = O(PURPOSE),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_derivative_show},
    {.words = "derivative erase",
        .operands = "VAULT DERIVATIVE",
        .summary = "Erase one for good; its recording stays.",
        .options = COMMON | RECEIPT,
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_derivative_erase},
    {.words = "inventory",
        .operands = "VAULT",
        .summary =
            "Tell everything that is known: what is kept of whom, what for, and who heard it.",
        .options = COMMON | O(JSON) | O(TEXT),
        .n_operands_max = 1,
        .run = command_inventory},
    {.words = "export-all",
        .operands = "VAULT FOLDER",
        .summary = "Write recordings, receipts and inventory into a folder, to take away.",
        .options = COMMON | O(ACTOR) | O(REASON) | O(QUIET),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_export_all},
    {.words = "effects",
        .operands = "VAULT [PURPOSE...]",
        .summary = "Say what purposes do: what leaves memory, what is written, who opens it.",
        .options = COMMON | O(SUBJECT) | O(RETENTION) | O(JSON),
        .repeated = O(SUBJECT),
        .run = command_effects},
    {.words = "profile",
        .operands = "VAULT PROFILE",
        .summary =
            "Choose private, history or improve_by_machine for a person; it only takes away.",
        .options = COMMON | O(SUBJECT) | O(JSON),
        .required = O(SUBJECT),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_profile},
    {.words = "log",
        .operands = "VAULT",
        .summary = "List everything that was done in a vault and to it.",
        .options = COMMON | O(JSON),
        .n_operands_max = 1,
        .run = command_log},
    {.words = "jurisdiction key",
        .operands = "FILE",
        .summary = "Make an authority's key; FILE is the secret half, the public one is printed.",
        .n_operands_max = 1,
        .run = command_jurisdiction_key},
    {.words = "jurisdiction sign",
        .operands = "FILE",
        .summary = "Check a profile, a pause or a policy and sign it: makes FILE.sig.",
        .options = O(AUTHORITY) | O(FORCE),
        .required = O(AUTHORITY),
        .n_operands_max = 1,
        .run = command_jurisdiction_sign},
    {.words = "jurisdiction verify",
        .operands = "FILE",
        .summary = "Check a profile, a pause or a policy and its FILE.sig.",
        .options = O(PUBLIC_KEY),
        .required = O(PUBLIC_KEY),
        .n_operands_max = 1,
        .run = command_jurisdiction_verify},
    {.words = "jurisdiction trust",
        .operands = "VAULT",
        .summary = "Say whose signature on profiles, pauses and policies counts.",
        .options = COMMON | O(PUBLIC_KEY) | O(ACTOR),
        .required = O(PUBLIC_KEY),
        .n_operands_max = 1,
        .run = command_jurisdiction_trust},
    {.words = "jurisdiction install",
        .operands = "VAULT FILE...",
        .summary = "Take in signed profiles, pauses and policies; FILE.sig lies beside each.",
        .options = COMMON | O(ACTOR),
        .n_operands_min = 2,
        .run = command_jurisdiction_install},
    {.words = "jurisdiction device",
        .operands = "VAULT",
        .summary = "Say where the device is.",
        .options = COMMON | O(PLACE) | O(ACTOR),
        .required = O(PLACE),
        .n_operands_max = 1,
        .run = command_jurisdiction_device},
    {.words = "jurisdiction list",
        .operands = "VAULT",
        .summary = "List profiles, what holds here, pauses, and the policy.",
        .options = COMMON | O(JSON),
        .n_operands_max = 1,
        .run = command_jurisdiction_list},
    {.words = "pause",
        .operands = "VAULT PURPOSE...",
        .summary = "Take nothing in and open nothing for these purposes, until they are resumed.",
        .options = COMMON | O(REASON) | O(ACTOR) | O(WHERE) | O(FROM) | O(UNTIL) | RECEIPT,
        .required = O(REASON),
        .n_operands_min = 2,
        .run = command_pause},
    {.words = "resume",
        .operands = "VAULT PURPOSE...",
        .summary = "End a pause: the consents that are in force count again.",
        .options = COMMON | O(REASON) | O(ACTOR) | O(WHERE) | RECEIPT,
        .n_operands_min = 2,
        .run = command_resume},
    {.words = "retention run",
        .operands = "VAULT",
        .summary = "Destroy what has been kept long enough, and tell when more is due.",
        .options = COMMON | O(JSON),
        .n_operands_max = 1,
        .run = command_retention_run},
    {.words = "retention trust-clock",
        .operands = "VAULT",
        .summary = "Confirm the time after the clock has jumped.",
        .options = COMMON | O(ACTOR),
        .n_operands_max = 1,
        .run = command_retention_trust_clock},
    {.words = "restrict",
        .operands = "VAULT dispute|legal-hold RECORDING...",
        .summary = "Set recordings aside: nobody opens them, and they do not expire.",
        .options = COMMON | O(REASON) | O(ACTOR),
        .required = O(REASON),
        .n_operands_min = 3,
        .run = command_restrict},
    {.words = "lift",
        .operands = "VAULT RECORDING...",
        .summary = "End what restrict began.",
        .options = COMMON | O(REASON) | O(ACTOR),
        .n_operands_min = 2,
        .run = command_lift},
    {.words = "erase",
        .operands = "VAULT [RECORDING...]",
        .summary = "Erase for good: recordings, a person (--subject), a time (--since, --until; "
                   "--before), --all.",
        .options =
            COMMON | O(SUBJECT) | O(BEFORE) | O(SINCE) | O(UNTIL) | O(ALL) | O(YES) | RECEIPT,
        .run = command_erase},
    {.words = "purge",
        .operands = "VAULT [RECORDING...]",
        .summary = "Erase many for good, with few replacements of the root key; --estimate first.",
        .options =
            COMMON | O(SUBJECT) | O(BEFORE) | O(SINCE) | O(UNTIL) | O(ALL) | O(YES) | O(ESTIMATE),
        .run = command_purge},
    {.words = "verify",
        .operands = "VAULT",
        .summary = "Check every row, block, wrap and log leaf.",
        .options = COMMON | O(DEEP) | O(CHECKPOINT),
        .n_operands_max = 1,
        .run = command_verify},
    {.words = "backup",
        .operands = "VAULT FILE",
        .summary = "Copy a vault while it is in use. The copy holds no key.",
        .options = COMMON | O(REPLACE) | O(QUIET),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_backup},
    {.words = "restore",
        .operands = "FILE VAULT",
        .summary = "Put a backup in place as VAULT; says so when it is too old to open.",
        .options = O(ROOT) | O(PASSPHRASE) | O(FORCE) | O(QUIET),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_restore},
    {.words = "salvage",
        .operands = "VAULT FOLDER",
        .summary = "Get out of a damaged vault what is not damaged, with a list of the damage.",
        .options = COMMON | O(PURPOSE) | O(ACTOR) | O(REASON) | O(QUIET),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_salvage},
    {.words = "checkpoint",
        .operands = "VAULT",
        .summary = "Print the log's signed checkpoint, for a witness to keep.",
        .options = COMMON,
        .n_operands_max = 1,
        .run = command_checkpoint},
    {.words = "tidy",
        .operands = "VAULT",
        .summary = "Do waiting housekeeping.",
        .options = COMMON,
        .n_operands_max = 1,
        .run = command_tidy},
    {.words = "receipt sign",
        .operands = "VAULT ENTRY...",
        .summary = "Sign a receipt for entries of the log, as log and who-heard number them.",
        .options = COMMON | O(OUTPUT) | O(FORCE),
        .n_operands_min = 2,
        .run = command_receipt_sign},
    {.words = "receipt key",
        .operands = "VAULT",
        .summary = "Print the public key that receipts are checked with, as a JWK.",
        .options = COMMON,
        .n_operands_max = 1,
        .run = command_receipt_key},
    {.words = "receipt verify",
        .operands = "FILE",
        .summary = "Check a receipt with the device's public key; needs no vault.",
        .options = O(KEY) | O(JSON),
        .required = O(KEY),
        .n_operands_max = 1,
        .run = command_receipt_verify},
    {.words = "recall list",
        .operands = "VAULT",
        .summary = "List copies that left and must come back: who has them, and why.",
        .options = COMMON | O(SUBJECT) | O(JSON),
        .n_operands_max = 1,
        .run = command_recall_list},
    {.words = "recall ask",
        .operands = "VAULT ENTRY",
        .summary = "Ask one of them back; its receipt is the notice for whoever has it.",
        .options = COMMON | O(ACTOR) | RECEIPT,
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_recall_ask},
    {.words = "recall acknowledge",
        .operands = "VAULT ENTRY",
        .summary = "Put on record what they answered.",
        .options = COMMON | O(OUTCOME) | O(ACTOR) | RECEIPT,
        .required = O(OUTCOME),
        .n_operands_min = 2,
        .n_operands_max = 2,
        .run = command_recall_acknowledge},
    {.words = "keyring split",
        .operands = "VAULT",
        .summary = "Write a keyring that holds the keys of some purposes only.",
        .options = COMMON | O(PURPOSE) | O(OUTPUT),
        .required = O(PURPOSE) | O(OUTPUT),
        .repeated = O(PURPOSE),
        .n_operands_max = 1,
        .run = command_keyring_split},
    {.words = "keyring capture",
        .operands = "VAULT",
        .summary = "Write a capture credential: it records and opens nothing.",
        .options = COMMON | O(OUTPUT),
        .required = O(OUTPUT),
        .n_operands_max = 1,
        .run = command_keyring_capture},
};

#define N_COMMANDS (sizeof commands / sizeof commands[0])

static void help(void)
{
    printf("usage: voicepriv COMMAND VAULT [OPTION...]\n\n"
           "Keeps recordings of voices encrypted, and opens them only for what the people in them\n"
           "consented to.\n\nCommands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", commands[i].words, commands[i].operands);
        printf("  %-28s %s\n", left, commands[i].summary);
    }
    printf(
        "\n'voicepriv COMMAND --help' shows a command's options. 'voicepriv --version' shows the\n"
        "version. TIME is a date or an RFC 3339 time; ids are 32 hex digits.\n\nPurposes:\n");
    for (int purpose = 0; purpose < VPRIV_PURPOSE_VENDOR_FIRST; purpose++)
        printf("  %s\n", vpriv_purpose_name((vpriv_purpose)purpose));
    exit_codes_help();
}

/* How many arguments the words of a command take up; 0 when these are not its words. */
static int words_match(const tool_command *command, int argc, char **argv)
{
    const char *at = command->words;
    for (int i = 1; i < argc; i++) {
        const size_t n = strcspn(at, " ");
        if (strlen(argv[i]) != n || strncmp(argv[i], at, n) != 0)
            return 0;
        at += n;
        if (!*at)
            return i;
        at++;
    }
    return 0;
}

/* Shows the commands of a group such as "consent"; false when there is none. */
static bool group_help(const char *group)
{
    const size_t n = strlen(group);
    bool found = false;
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strncmp(commands[i].words, group, n) != 0 || commands[i].words[n] != ' ')
            continue;
        printf("%svoicepriv %s %s\n    %s\n", found ? "" : "usage:\n", commands[i].words,
            commands[i].operands, commands[i].summary);
        found = true;
    }
    return found;
}

static exit_code run(int argc, char **argv)
{
    tool_arguments arguments = {0};
    int n_words = 0;
    for (size_t i = 0; i < N_COMMANDS && n_words == 0; i++) {
        n_words = words_match(&commands[i], argc, argv);
        if (n_words > 0)
            arguments.command = &commands[i];
    }
    if (argc < 2)
        return tool_usage(&arguments, "no command was given");
    if (n_words == 0 && strcmp(argv[1], "--version") == 0 && argc == 2) {
        printf("voicepriv %s (kernels: %s)\n", vpriv_version(), vpriv_cpu_level());
        return EXIT_GOOD;
    }
    if (n_words == 0 && strcmp(argv[1], "--help") == 0 && argc == 2) {
        help();
        return EXIT_GOOD;
    }
    if (n_words == 0 && argc == 3 && strcmp(argv[2], "--help") == 0 && group_help(argv[1]))
        return EXIT_GOOD;
    if (n_words == 0)
        return tool_usage(&arguments, "unknown command '%s%s%s'", argv[1], argc > 2 ? " " : "",
            argc > 2 ? argv[2] : "");
    const exit_code code = options_read(&arguments, argc - n_words, argv + n_words);
    if (code != EXIT_GOOD)
        return code;
    if (option_given(&arguments, OPTION_HELP)) {
        options_help(arguments.command);
        return EXIT_GOOD;
    }
    return arguments.command->run(&arguments);
}

/* A stream that was closed would be the next file that is opened, a root key file perhaps. What stands in for
 * it fails as a closed one does. */
static void fill_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            abort();
}

int main(int argc, char **argv)
{
    fill_closed_streams();
    /* Sound passes through memory of the decoder's own: none of it may get into a core file. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    umask(077);
    exit_code code = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "voicepriv: standard output: cannot be written\n");
        if (code == EXIT_GOOD)
            code = EXIT_IO;
    }
    return (int)code;
}
