/* receipt sign, verify, key; and --receipt of the commands that make one. */
#include "json.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

exit_code receipt_begin(const tool_arguments *arguments, tool_output *output_out)
{
    const char *path = option_value(arguments, OPTION_RECEIPT);
    *output_out = (tool_output){.fd = -1};
    if (!path && option_given(arguments, OPTION_FORCE))
        return tool_usage(arguments, "--force goes with --receipt");
    return path ? output_begin(arguments, path, output_out) : EXIT_GOOD;
}

/* What was done is done: a receipt that fails only says so. */
static exit_code finish(const tool_arguments *arguments, tool_output *output, vpriv_status st)
{
    if (st == VPRIV_OK || output->error)
        return output_finish(arguments, output);
    const exit_code code = tool_failed(arguments, output->path, st);
    output_abandon(output);
    return code;
}

exit_code receipt_finish(const tool_arguments *arguments, tool_output *output, vpriv_vault *vault,
    const vpriv_receipt *receipt, const vpriv_receipt_statement *statement)
{
    if (!output->path)
        return EXIT_GOOD;
    return finish(
        arguments, output, vpriv_receipt_sign(vault, receipt, 1, statement, output_write, output));
}

/* Entries of one kind, from some point of the log on. */
typedef struct found_entries {
    vpriv_log_kind kind;
    const char *actor;
    uint64_t indexes[VPRIV_RECEIPT_ENTRIES_MAX];
    size_t n;
} found_entries;

static bool find_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    found_entries *found = user;
    if (entry->kind == found->kind && strcmp(entry->actor, found->actor) == 0)
        found->indexes[found->n++] = index;
    return found->n < VPRIV_RECEIPT_ENTRIES_MAX;
}

exit_code receipt_finish_from_log(const tool_arguments *arguments, tool_output *output,
    vpriv_vault *vault, uint64_t first, vpriv_log_kind kind, const char *actor)
{
    found_entries found = {.kind = kind, .actor = actor};
    if (!output->path)
        return EXIT_GOOD;
    vpriv_status st = vpriv_vault_log(vault, first, find_entry, &found);
    if (st == VPRIV_OK && found.n == 0) {
        output_abandon(output);
        tool_note(arguments, "nothing changed, so there is no receipt");
        return EXIT_GOOD;
    }
    if (st == VPRIV_OK)
        st = vpriv_receipt_from_log(vault, found.indexes, found.n, output_write, output);
    return finish(arguments, output, st);
}

/* Whole numbers, as the log numbers its entries. */
static exit_code read_entries(const tool_arguments *arguments, uint64_t *indexes_out)
{
    if (arguments->n_operands > VPRIV_RECEIPT_ENTRIES_MAX)
        return tool_usage(
            arguments, "a receipt stands for at most %d entries", VPRIV_RECEIPT_ENTRIES_MAX);
    for (int i = 0; i < arguments->n_operands; i++) {
        uint32_t index = 0;
        if (!number_parse(arguments->operands[i], UINT32_MAX, &index))
            return tool_usage(
                arguments, "'%s' is not the number of a log entry", arguments->operands[i]);
        indexes_out[i] = index;
    }
    return EXIT_GOOD;
}

static vpriv_status print(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    return fwrite(bytes, 1, n_bytes, stdout) == n_bytes ? VPRIV_OK : VPRIV_E_IO;
}

exit_code command_receipt_sign(const tool_arguments *arguments)
{
    tool_session session;
    tool_output output = {.fd = -1};
    uint64_t indexes[VPRIV_RECEIPT_ENTRIES_MAX];
    const char *path = option_value(arguments, OPTION_OUTPUT);
    const size_t n = (size_t)arguments->n_operands;
    exit_code code = read_entries(arguments, indexes);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    if (path)
        code = output_begin(arguments, path, &output);
    if (code == EXIT_GOOD && path) {
        code = finish(arguments, &output,
            vpriv_receipt_from_log(session.vault, indexes, n, output_write, &output));
    } else if (code == EXIT_GOOD) {
        const vpriv_status st = vpriv_receipt_from_log(session.vault, indexes, n, print, NULL);
        if (st == VPRIV_OK)
            putchar('\n');
        else
            code = tool_failed(arguments, NULL, st);
    }
    session_close(&session);
    return code;
}

exit_code command_receipt_key(const tool_arguments *arguments)
{
    tool_session session;
    char jwk[VPRIV_JWK_BYTES];
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_receipt_jwk(session.vault, jwk);
    if (st == VPRIV_OK)
        printf("%s\n", jwk);
    else
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}

/* A small file's bytes, without the newline that editors and this command put at its end; to be freed. */
static exit_code read_file(const tool_arguments *arguments, const char *path, size_t n_max,
    char **bytes_out, size_t *n_out)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return tool_error(arguments, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_IO,
            "%s: cannot be read: %s", path, strerror(errno));
    char *bytes = malloc(n_max + 2);
    exit_code code = EXIT_GOOD;
    size_t n = bytes ? fread(bytes, 1, n_max + 2, file) : 0;
    if (!bytes)
        code = tool_error(arguments, EXIT_INTERNAL, "no memory");
    else if (ferror(file))
        code = tool_error(arguments, EXIT_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (n > 0 && bytes[n - 1] == '\n')
        n--;
    fclose(file);
    if (code != EXIT_GOOD) {
        free(bytes);
        return code;
    }
    *bytes_out = bytes;
    *n_out = n;
    return EXIT_GOOD;
}

static exit_code read_key(const tool_arguments *arguments, uint8_t *key_out)
{
    const char *path = option_value(arguments, OPTION_KEY);
    char *jwk = NULL;
    size_t n = 0;
    const exit_code code = read_file(arguments, path, VPRIV_JWK_READ_BYTES_MAX, &jwk, &n);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_receipt_jwk_parse(jwk, n, key_out);
    free(jwk);
    return st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, path, st);
}

/* The document that the receipt holds. */
static vpriv_status keep_document(void *user, const void *bytes, size_t n_bytes)
{
    json_t **document = user;
    *document = json_loadb(bytes, n_bytes, 0, NULL);
    return *document ? VPRIV_OK : VPRIV_E_MEMORY;
}

static void print_claims(const vpriv_receipt_claims *claims, const char *key_id)
{
    static const uint8_t nobody[VPRIV_SUBJECT_ID_BYTES];
    char time[TIME_TEXT_BYTES], subject[ID_TEXT_BYTES], leaf[2 * VPRIV_LOG_HASH_BYTES + 1];
    time_format(claims->time_us, false, time);
    hex_format(claims->subject, sizeof claims->subject, subject);
    hex_format(claims->leaf_hash, sizeof claims->leaf_hash, leaf);
    printf("receipt   %s\ntime      %s\n", vpriv_receipt_kind_name(claims->kind), time);
    printf("person    %s\n", memcmp(claims->subject, nobody, sizeof nobody) == 0 ? "-" : subject);
    printf("log       entry %" PRIu64 ", one of %" PRIu32 "\nleaf      %s\n", claims->log_index,
        claims->n_entries, leaf);
    printf("signed by %s\n", key_id);
}

static exit_code print_claims_json(const tool_arguments *arguments,
    const vpriv_receipt_claims *claims, const char *key_id, json_t *document)
{
    return json_print(
        arguments, json_pack("{s:s, s:o, s:o, s:I, s:I, s:o, s:s, s:O}", "kind",
                       vpriv_receipt_kind_name(claims->kind), "time", json_time(claims->time_us),
                       "subject", json_id(claims->subject), "n_entries",
                       (json_int_t)claims->n_entries, "log_index", (json_int_t)claims->log_index,
                       "leaf_hash", json_hex(claims->leaf_hash, sizeof claims->leaf_hash), "key_id",
                       key_id, "document", document));
}

exit_code command_receipt_verify(const tool_arguments *arguments)
{
    const char *path = arguments->vault;
    uint8_t key[VPRIV_LOG_PUBLIC_KEY_BYTES];
    char key_id[VPRIV_KEY_ID_BYTES], *text = NULL;
    size_t n = 0;
    json_t *document = NULL;
    vpriv_receipt_claims claims = {.struct_size = sizeof claims};
    exit_code code = read_key(arguments, key);
    if (code == EXIT_GOOD)
        code = read_file(arguments, path, VPRIV_RECEIPT_BYTES_MAX, &text, &n);
    if (code != EXIT_GOOD)
        return code;
    vpriv_status st = vpriv_receipt_key_id(key, key_id);
    if (st == VPRIV_OK)
        st = vpriv_receipt_verify(text, n, key, keep_document, &document, &claims);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, path, st);
    else if (option_given(arguments, OPTION_JSON))
        code = print_claims_json(arguments, &claims, key_id, document);
    else
        print_claims(&claims, key_id);
    json_decref(document);
    free(text);
    return code;
}
