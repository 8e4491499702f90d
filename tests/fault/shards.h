/* Work that is many times the same, dealt out to child processes that run side by side. */
#ifndef TESTS_FAULT_SHARDS_H
#define TESTS_FAULT_SHARDS_H

#include <stdbool.h>
#include <stdint.h>

#define SHARDS_MAX 16

/* What a child counted; which number means what is the caller's affair. */
#define SHARDS_COUNTS 8
struct shard_counts {
    uint64_t n[SHARDS_COUNTS];
};

/* One child per processor, two at least. */
unsigned shards_wanted(void);

/* Runs work(0 … n_shards - 1) in a child each, and adds up what they counted. False when a child
 * died, ended early or failed: then the sum is of no use. */
bool shards_run(unsigned n_shards,
    void (*work)(void *user, unsigned shard, unsigned n_shards, struct shard_counts *counts),
    void *user, struct shard_counts *sum_out);

#endif
