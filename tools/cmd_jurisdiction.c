/* jurisdiction key, sign, verify, trust, install, device, list; subject place. */
#include "json.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX_BYTES_MAX 64

/* A whole file of at most so many bytes, a NUL behind it; the caller frees. */
static exit_code read_whole(
    const tool_arguments *arguments, const char *path, size_t n_max, char **text_out, size_t *n_out)
{
    exit_code code = EXIT_GOOD;
    FILE *file = fopen(path, "rbe");
    char *text = file ? calloc(1, n_max + 2) : NULL;
    const size_t n = text ? fread(text, 1, n_max + 1, file) : 0;
    if (!file || !text || ferror(file))
        code = tool_error(
            arguments, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_IO, "%s: %s", path, strerror(errno));
    else if (n > n_max)
        code = tool_error(arguments, EXIT_FORMAT, "%s: is longer than %zu bytes", path, n_max);
    if (file)
        fclose(file);
    if (code != EXIT_GOOD) {
        free(text);
        return code;
    }
    *text_out = text;
    *n_out = n;
    return EXIT_GOOD;
}

/* Hex digits and a newline. */
static exit_code read_hex_file(
    const tool_arguments *arguments, const char *path, uint8_t *bytes_out, size_t n_bytes)
{
    char *text = NULL;
    size_t n = 0;
    exit_code code = read_whole(arguments, path, 2 * HEX_BYTES_MAX + 2, &text, &n);
    if (code != EXIT_GOOD)
        return code;
    if (n > 0 && text[n - 1] == '\n')
        text[n - 1] = '\0';
    if (!hex_parse(text, bytes_out, n_bytes))
        code = tool_error(
            arguments, EXIT_FORMAT, "%s: is not one line of %zu hex digits", path, 2 * n_bytes);
    explicit_bzero(text, n);
    free(text);
    return code;
}

/* What is to be told is told before the file has its name: a key whose other half nobody saw is none. */
static exit_code write_hex_file(const tool_arguments *arguments, const char *path,
    const uint8_t *bytes, size_t n_bytes, const char *told)
{
    char text[2 * HEX_BYTES_MAX + 2];
    tool_output output;
    exit_code code = output_begin(arguments, path, &output);
    if (code != EXIT_GOOD)
        return code;
    hex_format(bytes, n_bytes, text);
    text[2 * n_bytes] = '\n';
    if (output_write(&output, text, 2 * n_bytes + 1) != VPRIV_OK) {
        output_abandon(&output);
        code = tool_error(arguments, EXIT_IO, "%s: cannot be written", path);
    } else if (told && (printf("%s\n", told) < 0 || fflush(stdout) != 0)) {
        output_abandon(&output);
        code = tool_error(arguments, EXIT_IO, "there is no %s", path);
    } else {
        code = output_finish(arguments, &output);
    }
    explicit_bzero(text, sizeof text);
    return code;
}

exit_code command_jurisdiction_key(const tool_arguments *arguments)
{
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    char text[2 * sizeof key + 1];
    const vpriv_status st = vpriv_authority_make(seed, key);
    if (st != VPRIV_OK)
        return tool_failed(arguments, NULL, st);
    hex_format(key, sizeof key, text);
    const exit_code code = write_hex_file(arguments, arguments->vault, seed, sizeof seed, text);
    explicit_bzero(seed, sizeof seed);
    return code;
}

/* A file, and of which kind it says it is. */
typedef struct document {
    char *json;
    size_t n_bytes;
    vpriv_document_kind kind;
} document;

static exit_code read_document(
    const tool_arguments *arguments, const char *path, document *document_out)
{
    static const struct {
        vpriv_document_kind kind;
        const char *field;
    } kinds[] = {{VPRIV_DOCUMENT_JURISDICTION, "voicepriv_jurisdiction"},
        {VPRIV_DOCUMENT_PAUSE, "voicepriv_pause"}, {VPRIV_DOCUMENT_POLICY, "voicepriv_policy"}};
    document d = {.kind = VPRIV_DOCUMENT_JURISDICTION};
    const exit_code code =
        read_whole(arguments, path, VPRIV_DOCUMENT_BYTES_MAX, &d.json, &d.n_bytes);
    if (code != EXIT_GOOD)
        return code;
    json_t *root = json_loadb(d.json, d.n_bytes, 0, NULL);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (json_object_get(root, kinds[i].field))
            d.kind = kinds[i].kind;
    json_decref(root);
    *document_out = d;
    return EXIT_GOOD;
}

static exit_code signature_path(const tool_arguments *arguments, const char *path, char *path_out)
{
    if ((size_t)snprintf(path_out, PATH_TEXT_BYTES, "%s.sig", path) >= PATH_TEXT_BYTES)
        return tool_error(arguments, EXIT_USAGE, "%s: the name is too long", path);
    return EXIT_GOOD;
}

exit_code command_jurisdiction_sign(const tool_arguments *arguments)
{
    document d = {NULL, 0, VPRIV_DOCUMENT_JURISDICTION};
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    char path[PATH_TEXT_BYTES];
    exit_code code = signature_path(arguments, arguments->vault, path);
    if (code == EXIT_GOOD)
        code =
            read_hex_file(arguments, option_value(arguments, OPTION_AUTHORITY), seed, sizeof seed);
    if (code == EXIT_GOOD)
        code = read_document(arguments, arguments->vault, &d);
    if (code == EXIT_GOOD) {
        const vpriv_status st = vpriv_authority_sign(d.kind, d.json, d.n_bytes, seed, signature);
        if (st != VPRIV_OK)
            code = tool_failed(arguments, arguments->vault, st);
    }
    if (code == EXIT_GOOD)
        code = write_hex_file(arguments, path, signature, sizeof signature, NULL);
    explicit_bzero(seed, sizeof seed);
    free(d.json);
    return code;
}

exit_code command_jurisdiction_verify(const tool_arguments *arguments)
{
    document d = {NULL, 0, VPRIV_DOCUMENT_JURISDICTION};
    uint8_t key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES], signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    char path[PATH_TEXT_BYTES];
    exit_code code = read_public_key(arguments, key);
    if (code == EXIT_GOOD)
        code = signature_path(arguments, arguments->vault, path);
    if (code == EXIT_GOOD)
        code = read_document(arguments, arguments->vault, &d);
    if (code == EXIT_GOOD)
        code = read_hex_file(arguments, path, signature, sizeof signature);
    if (code == EXIT_GOOD) {
        vpriv_status st = vpriv_authority_verify(d.kind, d.json, d.n_bytes, signature, key);
        if (st == VPRIV_OK && d.kind == VPRIV_DOCUMENT_JURISDICTION)
            st = vpriv_profile_read(d.json, d.n_bytes, NULL);
        if (st != VPRIV_OK)
            code = tool_failed(arguments, arguments->vault, st);
        else
            printf("%s: signed by this authority\n", arguments->vault);
    }
    free(d.json);
    return code;
}

exit_code command_jurisdiction_trust(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    char actor[VPRIV_LOG_ACTOR_BYTES];
    exit_code code = read_public_key(arguments, key);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st =
        vpriv_jurisdiction_trust(session.vault, key, read_actor(arguments, actor));
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}

static exit_code install(
    const tool_arguments *arguments, vpriv_vault *vault, const char *file, const char *actor)
{
    document d = {NULL, 0, VPRIV_DOCUMENT_JURISDICTION};
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    char path[PATH_TEXT_BYTES];
    exit_code code = signature_path(arguments, file, path);
    if (code == EXIT_GOOD)
        code = read_document(arguments, file, &d);
    if (code == EXIT_GOOD)
        code = read_hex_file(arguments, path, signature, sizeof signature);
    if (code == EXIT_GOOD) {
        const vpriv_status st =
            d.kind == VPRIV_DOCUMENT_PAUSE ? vpriv_pause_order(vault, d.json, d.n_bytes, signature)
            : d.kind == VPRIV_DOCUMENT_POLICY
                ? vpriv_policy_publish(vault, d.json, d.n_bytes, signature)
                : vpriv_jurisdiction_install(vault, d.json, d.n_bytes, signature, actor);
        if (st != VPRIV_OK)
            code = tool_failed(arguments, file, st);
    }
    free(d.json);
    return code;
}

exit_code command_jurisdiction_install(const tool_arguments *arguments)
{
    tool_session session;
    char room[VPRIV_LOG_ACTOR_BYTES];
    const char *actor = read_actor(arguments, room);
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    for (int i = 0; i < arguments->n_operands && code == EXIT_GOOD; i++)
        code = install(arguments, session.vault, arguments->operands[i], actor);
    session_close(&session);
    return code;
}

exit_code command_jurisdiction_device(const tool_arguments *arguments)
{
    tool_session session;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_jurisdiction_set_device(
        session.vault, option_value(arguments, OPTION_PLACE), read_actor(arguments, actor));
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}

#define BORN_YEAR_MIN 1900
#define BORN_YEAR_MAX 2399

/* 0 and 0 forget it: only a word does. Asked for before anything else is changed. */
static exit_code read_born(const tool_arguments *arguments, int *year_out, int *month_out)
{
    uint32_t year = 0, month = 0;
    char digits[5] = "";
    const char *text = option_value(arguments, OPTION_BORN);
    *year_out = *month_out = 0;
    if (strcmp(text, "unknown") == 0)
        return EXIT_GOOD;
    memcpy(digits, text, strnlen(text, 4));
    if (strlen(text) != 7 || text[4] != '-' || !number_parse(digits, 9999, &year) ||
        !number_parse(text + 5, 12, &month) || month < 1)
        return tool_usage(arguments, "--born '%s' is not a month such as 2010-06", text);
    if (year < BORN_YEAR_MIN || year > BORN_YEAR_MAX)
        return tool_usage(arguments, "--born '%s' is not of the years %d to %d", text,
            BORN_YEAR_MIN, BORN_YEAR_MAX);
    *year_out = (int)year;
    *month_out = (int)month;
    return EXIT_GOOD;
}

exit_code command_subject_place(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    int year = 0, month = 0;
    const char *place = option_value(arguments, OPTION_PLACE);
    const bool has_born = option_given(arguments, OPTION_BORN);
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD && !place && !has_born)
        code = tool_usage(arguments, "neither --place nor --born is given");
    if (code == EXIT_GOOD && has_born)
        code = read_born(arguments, &year, &month);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    vpriv_status st = place ? vpriv_subject_set_home(session.vault, subject, place) : VPRIV_OK;
    if (st == VPRIV_OK && has_born)
        st = vpriv_subject_set_birth(session.vault, subject, year, month);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}

static bool add_profile(void *user, const vpriv_profile_info *info)
{
    return json_array_append_new(
               user, json_pack("{s:s, s:s, s:I, s:o, s:o, s:b, s:o}", "name", info->name, "title",
                         info->title, "revision", (json_int_t)info->revision, "looked_up",
                         json_time(info->looked_up_us), "valid_until",
                         json_time(info->valid_until_us), "in_force", info->is_in_force, "sha256",
                         json_hex(info->sha256, sizeof info->sha256))) == 0;
}

static bool add_pause(void *user, const vpriv_pause *pause)
{
    return json_array_append_new(
               user, json_pack("{s:o, s:s, s:o, s:o}", "purposes", json_purposes(pause->purposes),
                         "where", pause->where, "from", json_time(pause->from_us), "until",
                         json_time(pause->until_us))) == 0;
}

static bool print_profile(void *user, const vpriv_profile_info *info)
{
    char until[TIME_TEXT_BYTES];
    (void)user;
    time_format(info->valid_until_us, false, until);
    printf("profile  %-12s revision %" PRIu64 "  until %s  %s\n", info->name, info->revision, until,
        info->is_in_force ? "in force" : "NOT in force");
    return true;
}

static bool print_pause(void *user, const vpriv_pause *pause)
{
    char from[TIME_TEXT_BYTES] = "now", until[TIME_TEXT_BYTES] = "resumed";
    (void)user;
    if (pause->from_us != 0)
        time_format(pause->from_us, false, from);
    if (pause->until_us != 0)
        time_format(pause->until_us, false, until);
    printf("pause    %-12s from %s until %s  ", pause->where, from, until);
    purposes_print(pause->purposes);
    putchar('\n');
    return true;
}

/* What holds for the device and the controller, and the policy. */
static void print_here(const vpriv_rules *rules, const vpriv_policy_info *policy)
{
    char stale[TIME_TEXT_BYTES];
    printf("here     %s: consent alone from %u years; forbidden: ", rules->profiles,
        rules->minimum_age);
    purposes_print(rules->forbidden);
    time_format(policy->stale_us, false, stale);
    printf("\npolicy   epoch %" PRIu64 "  until %s%s\n", policy->epoch, stale,
        policy->is_stale ? "  STALE" : "");
}

static exit_code print_list(const tool_arguments *arguments, vpriv_vault *vault)
{
    vpriv_rules rules;
    vpriv_policy_info policy;
    json_t *profiles = json_array(), *pauses = json_array();
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = EXIT_GOOD;
    vpriv_status st =
        vpriv_jurisdiction_list(vault, as_json ? add_profile : print_profile, profiles);
    if (st == VPRIV_OK)
        st = vpriv_pause_list(vault, as_json ? add_pause : print_pause, pauses);
    if (st == VPRIV_OK)
        st = vpriv_jurisdiction_rules(vault, NULL, NULL, &rules);
    if (st == VPRIV_OK)
        st = vpriv_policy_about(vault, &policy);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->vault, st);
    else if (as_json)
        code = json_print(arguments,
            json_pack("{s:O, s:O, s:{s:s, s:i, s:b, s:o, s:o, s:o}, s:{s:I, s:o, s:b, s:I, s:o}}",
                "profiles", profiles, "pauses", pauses, "here", "profiles", rules.profiles,
                "minimum_age", (int)rules.minimum_age, "all_parties", rules.all_parties,
                "forbidden", json_purposes(rules.forbidden), "express",
                json_purposes(rules.express), "written", json_purposes(rules.written), "policy",
                "epoch", (json_int_t)policy.epoch, "stale_at", json_time(policy.stale_us), "stale",
                policy.is_stale, "next_epoch", (json_int_t)policy.next_epoch, "next_effective",
                json_time(policy.next_effective_us)));
    else
        print_here(&rules, &policy);
    json_decref(profiles);
    json_decref(pauses);
    return code;
}

exit_code command_jurisdiction_list(const tool_arguments *arguments)
{
    tool_session session;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = print_list(arguments, session.vault);
    session_close(&session);
    return code;
}
