/* What the files of the command `voicepriv` share.
 *
 * main.c picks a command by its words, options.c reads its options, and each command is one function
 * that gives an exit code. Names of people never get into an error. */
#ifndef VOICEPRIV_TOOL_H
#define VOICEPRIV_TOOL_H

#include <stdarg.h>
#include <stdatomic.h>
#include <voicepriv/voicepriv.h>

/* Documented in --help and in the manual page. */
typedef enum exit_code {
    EXIT_GOOD = 0,
    EXIT_FINDINGS = 1,
    EXIT_USAGE = 2,
    EXIT_CONSENT = 3,
    EXIT_NOT_FOUND = 4,
    EXIT_AUTH = 5,
    EXIT_FULL = 6,
    EXIT_IO = 7,
    EXIT_FORMAT = 8,
    EXIT_EXISTS = 9,
    EXIT_NO_KEY = 10,
    EXIT_BUSY = 11,
    EXIT_STATE = 12,
    EXIT_INTERRUPTED = 13,
    EXIT_INTERNAL = 14,
} exit_code;

typedef enum option_id {
    OPTION_ROOT,
    OPTION_KEYRING,
    OPTION_PASSPHRASE,
    OPTION_NEW_PASSPHRASE,
    OPTION_NAME,
    OPTION_CLASS,
    OPTION_ID,
    OPTION_SUBJECT,
    OPTION_GUEST,
    OPTION_UNKNOWN_SPEAKER,
    OPTION_OTHERS_HEARD,
    OPTION_PURPOSE,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_BEFORE,
    OPTION_COVERS_PAST,
    OPTION_NOTICE,
    OPTION_NOTICE_VERSION,
    OPTION_LANGUAGE,
    OPTION_INPUT,
    OPTION_ALLOW_MONITOR,
    OPTION_ALLOW_NON_CARD,
    OPTION_QUIET,
    OPTION_TRIGGER,
    OPTION_VOICE_GATE,
    OPTION_PREROLL,
    OPTION_CONFIRM_AFTER,
    OPTION_MAX,
    OPTION_SILENCE,
    OPTION_PROFILE,
    OPTION_RETENTION,
    OPTION_BITRATE,
    OPTION_COMPLEXITY,
    OPTION_RATE,
    OPTION_CHANNELS,
    OPTION_THREADS,
    OPTION_CREDENTIAL,
    OPTION_OUTPUT,
    OPTION_ACTOR,
    OPTION_REASON,
    OPTION_RECIPIENT,
    OPTION_FORCE,
    OPTION_REPLACE,
    OPTION_DEEP,
    OPTION_CHECKPOINT,
    OPTION_OUTCOME,
    OPTION_ALL,
    OPTION_RECEIPT,
    OPTION_KEY,
    OPTION_YES,
    OPTION_AUTHORITY,
    OPTION_PUBLIC_KEY,
    OPTION_PLACE,
    OPTION_COUNTRY,
    OPTION_BORN,
    OPTION_BY,
    OPTION_WHERE,
    OPTION_FROM,
    OPTION_KIND,
    OPTION_MEDIA_TYPE,
    OPTION_JSON,
    OPTION_TEXT,
    OPTION_ESTIMATE,
    OPTION_HELP,
    N_OPTIONS,
} option_id;

#define OPTION_BIT(id) ((uint64_t)1 << (id))

#define VALUES_MAX    32
#define FRAMES_PER_MS 48 /* of the Opus clock */

/* The values an option was given, in order. */
typedef struct option_values {
    const char *items[VALUES_MAX];
    size_t n;
} option_values;

struct tool_arguments;

/* One command. */
typedef struct tool_command {
    const char *words; /* "consent give" */
    const char *operands;
    const char *summary;
    uint64_t options;  /* that it takes, as OPTION_BIT */
    uint64_t required; /* of these, without which it does nothing */
    uint64_t repeated; /* of these, those that may be given several times */
    int n_operands_min;
    int n_operands_max; /* 0 is any number */
    bool needs_no_vault;
    exit_code (*run)(const struct tool_arguments *arguments);
} tool_command;

/* A command line, read. */
typedef struct tool_arguments {
    const tool_command *command;
    option_values options[N_OPTIONS];
    const char *vault; /* the first operand */
    char **operands;   /* the others */
    int n_operands;
} tool_arguments;

/* options.c: reading and describing options. */
exit_code options_read(tool_arguments *arguments, int argc, char **argv);
void options_help(const tool_command *command);
const char *option_value(const tool_arguments *arguments, option_id id); /* NULL when not given */
bool option_given(const tool_arguments *arguments, option_id id);

/* message.c: what people read when it did not go well. */
exit_code tool_usage(const tool_arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
exit_code tool_error(const tool_arguments *arguments, exit_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells the library's latest failure; what may be NULL or a file's name. */
exit_code tool_failed(const tool_arguments *arguments, const char *what, vpriv_status status);
void tool_note(const tool_arguments *arguments, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
exit_code exit_code_of(vpriv_status status);
void exit_codes_help(void);

/* text.c: ids, times and numbers as text. All readers are strict. */
#define ID_BYTES            16
#define ID_TEXT_BYTES       33
#define TIME_TEXT_BYTES     40
#define DURATION_TEXT_BYTES 32
bool id_parse(const char *text, uint8_t *id_out);
void hex_format(const uint8_t *bytes, size_t n_bytes, char *text_out);
bool time_parse(const char *text, int64_t *time_us_out);
/* With microseconds for programs, without for people; forever is "-". */
void time_format(int64_t time_us, bool exact, char *text_out);
void duration_format(uint64_t duration_us, char *text_out);
bool number_parse(const char *text, uint32_t max, uint32_t *number_out);
/* "15", "1.5s", "500ms", "2m", "1h": a whole number of milliseconds; unit_ms is that of a bare number. */
bool span_parse(const char *text, uint32_t unit_ms, uint32_t max_ms, uint32_t *ms_out);
/* To standard output, separated by commas; "-" for none. */
void purposes_print(uint32_t purposes);

/* values.c: options that several commands read the same way. They print what is wrong. */
exit_code read_purpose(
    const tool_arguments *arguments, const char *name, vpriv_purpose *purpose_out);
exit_code read_subjects(const tool_arguments *arguments, uint8_t *subjects_out);
exit_code read_time(const tool_arguments *arguments, option_id id, int64_t *time_us_out);
/* What an option for a length of time takes. */
typedef struct span_option {
    option_id id;
    const char *name;
    uint32_t unit_ms; /* of a bare number */
    uint32_t min_ms;  /* but for 0 */
    uint32_t max_ms;
    const char *like;
} span_option;
/* Of --since and --until, when both were given. */
exit_code check_times(const tool_arguments *arguments, int64_t since_us, int64_t until_us);
/* Untouched when the option was not given. */
exit_code read_span(const tool_arguments *arguments, const span_option *option, uint32_t *ms_out);
bool hex_parse(const char *text, uint8_t *bytes_out, size_t n_bytes);
exit_code read_public_key(const tool_arguments *arguments, uint8_t *key_out);
exit_code read_recording(
    const tool_arguments *arguments, const char *text, vpriv_recording_id *recording_out);
/* The operands from this one on; the caller frees them. */
exit_code read_recordings(
    const tool_arguments *arguments, int first, vpriv_recording_id **recordings_out);

/* Who is at it, for the log: as told, else the login name, else the number of the account. */
const char *read_actor(const tool_arguments *arguments, char *room);

/* root.c: root stores, and the words that open them. */
typedef enum tool_root_kind {
    ROOT_FILE,
    ROOT_PASSPHRASE,
    ROOT_RECOVERY,
    ROOT_KERNEL,
    ROOT_TPM,
} tool_root_kind;

typedef struct tool_root {
    tool_root_kind kind;
    const char *text;  /* as it was given */
    const char *where; /* behind the kind */
} tool_root;

/* A word that is no kind begins a file's name. Borrows the text. */
tool_root root_parse(const char *text);
bool root_is_in_a_file(const tool_root *root);
/* Of a new one, which the store itself would only say is empty. */
exit_code root_has_folder(const tool_arguments *arguments, const tool_root *root);
/* Nothing need be there yet. */
exit_code root_open(const tool_arguments *arguments, const tool_root *root, option_id words_option,
    vpriv_root_store **store_out);
typedef enum root_words_kind {
    WORDS_OLD,
    WORDS_AGAIN,    /* though they were given before */
    WORDS_RECOVERY, /* a recovery key */
    WORDS_NEW,      /* typed twice, as nobody sees them */
} root_words_kind;

/* From the option's file, or asked for; to be given to root_forget. */
exit_code root_words(
    const tool_arguments *arguments, option_id option, root_words_kind kind, char **words_out);
void root_forget(char *words);

/* session.c: an open vault and what opens it. */
typedef struct tool_session {
    vpriv_root_store *root;
    vpriv_vault *vault;
    vpriv_keyring *keyring;
} tool_session;

typedef enum session_keyring {
    SESSION_WITHOUT_KEYRING,
    SESSION_KEYRING_IF_THERE, /* the usual file may be missing, one that was named may not */
    SESSION_WITH_KEYRING,
} session_keyring;

#define PATH_TEXT_BYTES 4096
/* The --root or --keyring given, or the usual file beside the vault. */
exit_code session_path(const tool_arguments *arguments, option_id id, char *path_out);
/* The root store alone; file is what it is for: where that is there, a root key file has to be, too. */
exit_code session_open_root(
    const tool_arguments *arguments, const char *file, vpriv_root_store **root_out);
exit_code session_open(
    const tool_arguments *arguments, session_keyring keyring, tool_session *session_out);
exit_code session_open_for_capture(const tool_arguments *arguments, tool_session *session_out);
void session_close(tool_session *session);
/* Housekeeping until nothing is left to do. */
vpriv_status session_tidy(vpriv_vault *vault);
/* The same after something was destroyed, which does not depend on it: only says so when it fails. */
void session_tidy_after(const tool_arguments *arguments, vpriv_vault *vault);

/* own_files.c: what a vault is made of, and nothing is written over. */
bool files_are_same(const char *a, const char *b);
/* The vault file, or one that is made beside it. */
bool file_is_beside(const char *path, const char *vault);
/* Not the root key file, and not the keyring. */
exit_code keys_spare(const tool_arguments *arguments, const char *path);
/* None of these; where the command works on a vault at all. */
exit_code own_files_spare(const tool_arguments *arguments, const char *path);

/* output.c: files that appear only when they are whole. */
typedef struct tool_output {
    const char *path;
    char *temporary; /* NULL while the file has no name */
    int fd;
    bool may_replace;
    int error; /* errno of the write that failed */
} tool_output;

exit_code output_begin(const tool_arguments *arguments, const char *path, tool_output *output_out);
vpriv_status output_write(void *output, const void *bytes, size_t n_bytes);
exit_code output_finish(const tool_arguments *arguments, tool_output *output);
void output_abandon(tool_output *output);

/* cmd_receipt.c: --receipt of commands that make one. Begun before anything is done, so that a file that
 * cannot be made stops it; without the option all of these do nothing. */
exit_code receipt_begin(const tool_arguments *arguments, tool_output *output_out);
exit_code receipt_finish(const tool_arguments *arguments, tool_output *output, vpriv_vault *vault,
    const vpriv_receipt *receipt, const vpriv_receipt_statement *statement);
exit_code receipt_finish_from_log(const tool_arguments *arguments, tool_output *output,
    vpriv_vault *vault, uint64_t first, vpriv_log_kind kind, const char *actor);

/* interrupt.c: control-C and its like. */
void interrupts_watch(bool ends_standard_input);
int interrupts_seen(void);
/* For files that belong together: what comes in between waits until it is let go. */
void interrupts_hold(void);
void interrupts_let_go(void);

/* progress.c: how far it is, on a terminal only; of a microphone, for how long and how loud. */
typedef struct tool_progress {
    const tool_arguments *arguments;
    const char *what;
    vpriv_source *microphone; /* NULL for anything else */
    int n_interrupts_allowed;
    bool is_terminal;
    bool is_shown;
    uint64_t shown;
    _Atomic uint64_t done_us;
    atomic_int indicator;  /* a vpriv_indicator, from whatever thread */
    int shown_indicator;   /* and the one on the terminal, */
    uint64_t indicated_us; /* since when */
} tool_progress;

void progress_begin(const tool_arguments *arguments, const char *what, tool_progress *progress_out);
bool progress_tell(void *progress, uint64_t done_us, uint64_t total_us);
void progress_indicate(void *progress, vpriv_indicator indicator);
void progress_end(tool_progress *progress);

/* live.c: a microphone that is listened to before it is recorded. */
typedef enum live_stage {
    LIVE_LISTENING,
    LIVE_ON_TRIAL, /* triggered, not confirmed */
    LIVE_CONFIRMED,
} live_stage;

typedef struct tool_live {
    bool is_wanted; /* else it is recorded in one go */
    uint32_t pre_roll_ms;
    uint32_t confirm_after_ms;
    live_stage stage;
    bool is_refused;  /* the trigger, after too many false wakes */
    char detail[512]; /* of what went wrong */
    atomic_int event; /* what became of the trigger: a vpriv_recorder_event_kind, or 0 */
    atomic_bool is_closed;
} tool_live;

/* Reads its options into the configuration; the maximum is there already. */
exit_code live_read(const tool_arguments *arguments, bool is_microphone,
    vpriv_recorder_config *config, tool_live *live_out);
void live_listen_to(tool_live *live, vpriv_recorder_config *config);
/* As vpriv_recorder_run; VPRIV_E_CANCELLED when it came to nothing. */
vpriv_status live_run(vpriv_recorder *recorder, const vpriv_trigger *trigger,
    tool_progress *progress, tool_live *live, vpriv_outcome *outcome_out);
/* Says why nothing was kept. */
exit_code live_explain(
    const tool_arguments *arguments, const char *what, vpriv_status status, tool_live *live);

/* notice.c: what a person is shown when no notice of their own is given, as a document; to be freed. NULL:
 * there is none for this purpose. */
char *notice_builtin_document(vpriv_purpose purpose);
/* cmd_consent.c: a notice file's bytes as they are; to be freed. */
exit_code notice_read_file(
    const tool_arguments *arguments, const char *path, char **text_out, size_t *text_bytes_out);

/* The commands. */
exit_code command_root_show(const tool_arguments *arguments);
exit_code command_root_move(const tool_arguments *arguments);
exit_code command_root_passphrase(const tool_arguments *arguments);
exit_code command_root_recovery_key(const tool_arguments *arguments);
exit_code command_init(const tool_arguments *arguments);
exit_code command_info(const tool_arguments *arguments);
exit_code command_verify(const tool_arguments *arguments);
exit_code command_backup(const tool_arguments *arguments);
exit_code command_restore(const tool_arguments *arguments);
exit_code command_salvage(const tool_arguments *arguments);
exit_code command_tidy(const tool_arguments *arguments);
exit_code command_checkpoint(const tool_arguments *arguments);
exit_code command_subject_add(const tool_arguments *arguments);
exit_code command_subject_list(const tool_arguments *arguments);
exit_code command_consent_give(const tool_arguments *arguments);
exit_code command_consent_refuse(const tool_arguments *arguments);
exit_code command_consent_withdraw(const tool_arguments *arguments);
exit_code command_consent_show(const tool_arguments *arguments);
exit_code command_devices(const tool_arguments *arguments);
exit_code command_record(const tool_arguments *arguments);
exit_code command_import(const tool_arguments *arguments);
exit_code command_list(const tool_arguments *arguments);
exit_code command_export(const tool_arguments *arguments);
exit_code command_inventory(const tool_arguments *arguments);
exit_code command_export_all(const tool_arguments *arguments);
exit_code command_effects(const tool_arguments *arguments);
exit_code command_profile(const tool_arguments *arguments);
exit_code command_log(const tool_arguments *arguments);
exit_code command_who_heard(const tool_arguments *arguments);
exit_code command_controller(const tool_arguments *arguments);
exit_code command_subject_place(const tool_arguments *arguments);
exit_code command_jurisdiction_key(const tool_arguments *arguments);
exit_code command_jurisdiction_sign(const tool_arguments *arguments);
exit_code command_jurisdiction_verify(const tool_arguments *arguments);
exit_code command_jurisdiction_trust(const tool_arguments *arguments);
exit_code command_jurisdiction_install(const tool_arguments *arguments);
exit_code command_jurisdiction_device(const tool_arguments *arguments);
exit_code command_jurisdiction_list(const tool_arguments *arguments);
exit_code command_pause(const tool_arguments *arguments);
exit_code command_retention_run(const tool_arguments *arguments);
exit_code command_retention_trust_clock(const tool_arguments *arguments);
exit_code command_restrict(const tool_arguments *arguments);
exit_code command_lift(const tool_arguments *arguments);
exit_code command_resume(const tool_arguments *arguments);
exit_code command_consent_sync(const tool_arguments *arguments);
exit_code command_consent_export_events(const tool_arguments *arguments);
exit_code command_consent_surface_add(const tool_arguments *arguments);
exit_code command_consent_cover_past(const tool_arguments *arguments);
exit_code command_speaker_add(const tool_arguments *arguments);
exit_code command_notice_lint(const tool_arguments *arguments);
exit_code command_notice_render(const tool_arguments *arguments);
exit_code command_notice_builtin(const tool_arguments *arguments);
exit_code command_derivative_add(const tool_arguments *arguments);
exit_code command_derivative_list(const tool_arguments *arguments);
exit_code command_derivative_show(const tool_arguments *arguments);
exit_code command_derivative_erase(const tool_arguments *arguments);
exit_code command_erase(const tool_arguments *arguments);
exit_code command_purge(const tool_arguments *arguments);
exit_code command_receipt_sign(const tool_arguments *arguments);
exit_code command_receipt_verify(const tool_arguments *arguments);
exit_code command_receipt_key(const tool_arguments *arguments);
exit_code command_recall_list(const tool_arguments *arguments);
exit_code command_recall_ask(const tool_arguments *arguments);
exit_code command_recall_acknowledge(const tool_arguments *arguments);
exit_code command_keyring_split(const tool_arguments *arguments);
exit_code command_keyring_capture(const tool_arguments *arguments);

#endif
