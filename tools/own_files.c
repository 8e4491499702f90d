/* What a vault is made of: files that nothing is written over. */
#include "tool.h"
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Names that are not taken yet are the same in the same folder. */
static bool is_same_name(const char *a, const char *b)
{
    struct stat in_a, in_b;
    char *copies[4] = {strdup(a), strdup(a), strdup(b), strdup(b)};
    const bool same = copies[0] && copies[1] && copies[2] && copies[3] &&
                      strcmp(basename(copies[0]), basename(copies[2])) == 0 &&
                      stat(dirname(copies[1]), &in_a) == 0 &&
                      stat(dirname(copies[3]), &in_b) == 0 && is_same(&in_a, &in_b);
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++)
        free(copies[i]);
    return same;
}

bool files_are_same(const char *a, const char *b)
{
    struct stat of_a, of_b;
    if (stat(a, &of_a) == 0 && stat(b, &of_b) == 0)
        return is_same(&of_a, &of_b);
    return is_same_name(a, b);
}

bool file_is_beside(const char *path, const char *vault)
{
    static const char *const suffixes[] = {
        "", "-wal", "-shm", "-journal", "-reserve", "-lock", ".part"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char own[PATH_TEXT_BYTES + 16];
        snprintf(own, sizeof own, "%s%s", vault, suffixes[i]);
        if (files_are_same(path, own))
            return true;
    }
    return false;
}

exit_code keys_spare(const tool_arguments *arguments, const char *path)
{
    char text[PATH_TEXT_BYTES], keyring[PATH_TEXT_BYTES];
    exit_code code = session_path(arguments, OPTION_ROOT, text);
    if (code == EXIT_GOOD)
        code = session_path(arguments, OPTION_KEYRING, keyring);
    if (code != EXIT_GOOD)
        return code;
    const tool_root root = root_parse(text);
    if (root_is_in_a_file(&root) && files_are_same(path, root.where))
        return tool_error(
            arguments, EXIT_EXISTS, "%s: is the root key file, and is not replaced", path);
    if (files_are_same(path, keyring))
        return tool_error(arguments, EXIT_EXISTS, "%s: is the keyring, and is not replaced", path);
    return EXIT_GOOD;
}

exit_code own_files_spare(const tool_arguments *arguments, const char *path)
{
    if (strncmp(arguments->command->operands, "VAULT", 5) != 0)
        return EXIT_GOOD;
    if (file_is_beside(path, arguments->vault))
        return tool_error(
            arguments, EXIT_EXISTS, "%s: belongs to the vault itself, and is not replaced", path);
    return keys_spare(arguments, path);
}
