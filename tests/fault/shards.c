#include "fault/shards.h"
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

unsigned shards_wanted(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 2)
        return 2;
    return n < SHARDS_MAX ? (unsigned)n : SHARDS_MAX;
}

/* The counts leave through the pipe last: who got that far has done everything. */
static pid_t start(unsigned shard, unsigned n_shards,
    void (*work)(void *user, unsigned shard, unsigned n_shards, struct shard_counts *counts),
    void *user, int *read_fd_out)
{
    struct shard_counts counts;
    int ends[2];
    memset(&counts, 0, sizeof counts);
    if (pipe(ends) != 0)
        return -1;
    *read_fd_out = ends[0];
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work(user, shard, n_shards, &counts);
        fflush(NULL);
        _exit(write(ends[1], &counts, sizeof counts) == (ssize_t)sizeof counts ? 0 : 1);
    }
    close(ends[1]);
    return child;
}

static bool finish(pid_t child, int read_fd, struct shard_counts *sum)
{
    struct shard_counts counts;
    int status = -1;
    const bool told = read(read_fd, &counts, sizeof counts) == (ssize_t)sizeof counts;
    close(read_fd);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (!told || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return false;
    for (int i = 0; i < SHARDS_COUNTS; i++)
        sum->n[i] += counts.n[i];
    return true;
}

bool shards_run(unsigned n_shards,
    void (*work)(void *user, unsigned shard, unsigned n_shards, struct shard_counts *counts),
    void *user, struct shard_counts *sum_out)
{
    pid_t children[SHARDS_MAX];
    int read_fds[SHARDS_MAX];
    bool all = n_shards > 0 && n_shards <= SHARDS_MAX;
    memset(sum_out, 0, sizeof *sum_out);
    for (unsigned i = 0; all && i < n_shards; i++) {
        read_fds[i] = -1;
        children[i] = start(i, n_shards, work, user, &read_fds[i]);
    }
    const bool started = all;
    for (unsigned i = 0; started && i < n_shards; i++)
        all = finish(children[i], read_fds[i], sum_out) && all;
    return all;
}
