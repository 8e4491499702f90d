/* Preloaded: libraries whose names begin with one of the words in UNFINDABLE are not found, as if they
 * were not installed. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
void *dlopen(const char *name, int flags);
#pragma GCC visibility pop

void *dlopen(const char *name, int flags)
{
    void *(*load)(const char *, int);
    char words[256], other[256];
    const char *unfindable = getenv("UNFINDABLE");
    *(void **)&load = dlsym(RTLD_NEXT, "dlopen");
    snprintf(words, sizeof words, "%s", unfindable ? unfindable : "");
    for (const char *word = strtok(words, " "); name && word; word = strtok(NULL, " "))
        if (strncmp(name, word, strlen(word)) == 0) {
            snprintf(other, sizeof other, "/nowhere/%s", name);
            return load(other, flags);
        }
    return load(name, flags);
}
