/* Pages of one file that the disk does not give. Whoever links it wraps pread. */
#ifndef TESTS_UNREAD_H
#define TESTS_UNREAD_H

#include <stdbool.h>
#include <sys/types.h>

#define UNREAD_EVERY (-1)

extern struct unread {
    bool is_on;
    ino_t file;
    off_t at; /* where the page begins, or UNREAD_EVERY */
    unsigned n_refused;
} unread;

/* The file it is about; nothing is refused yet. */
void unread_choose(const char *path);

#endif
