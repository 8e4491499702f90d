/* A vault in memory that is tampered with, again and again, and what became of it each time. */
#ifndef TESTS_FAULT_FLIPS_H
#define TESTS_FAULT_FLIPS_H

#include "fault/answers.h"
#include "fault/cutvfs.h"
#include "fault/life.h"

#define PAGE_BYTES 4096

/* What became of the tries. */
struct tally {
    uint64_t n_tried;
    uint64_t n_refused_opening; /* the vault does not open */
    uint64_t n_errors;          /* it opens, and a question gets an error */
    uint64_t n_same;            /* every answer is the one from before */
    uint64_t n_found;           /* something that is said once differs, and verify finds it */
    uint64_t n_altered;         /* anything else: must not be */
};

struct bench {
    struct life life;
    struct cutvfs_snapshot *good;
    struct memory_root root;
    int64_t clock_us;
    struct answers before, after;
    struct tally tally;
};

struct bench *bench_create(void);
void bench_destroy(struct bench *bench);

/* Two recordings of Ada's, which are asked about. */
void bench_record_two(struct bench *bench);
/* Ada is asked about, and the recordings. Asked once before, so that the log has something. */
void bench_keep_good(struct bench *bench);
/* This disk, root and clock are what each try starts from, and these the answers to be held to. */
void bench_measure_good(struct bench *bench);
/* From now on the sound is asked for as packets, or as frames again (see answers.h). */
void bench_hear_packets(struct bench *bench, bool yes);
void bench_put_good_back(struct bench *bench);
/* Go on in a folder of its own, with the same vault: for a process beside others. */
void bench_move(struct bench *bench, unsigned number);

size_t bench_file_size(const char *path);

/* vpriv_vault_verify, or opening, says that something is wrong. */
bool bench_verify_finds_it(struct bench *bench);

/* Judges bench->after. */
void bench_judge(struct bench *bench, const char *what, uint64_t where);
/* One bit of the vault file: flipped, asked, judged. */
void bench_flip(struct bench *bench, uint64_t bit);
/* Prints the tally; nothing was altered, and something was noticed. */
void bench_conclude(const struct bench *bench, const char *what);

uint64_t next_random(uint64_t *state);

#endif
