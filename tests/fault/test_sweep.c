/* Every call of the system and of the allocator that an operation makes fails: each by itself, and each with
 * all that follow it. Whatever fails, the program goes on, nothing is kept, the vault tells the state before
 * the call or the one after it, and the error says what it was.
 *
 * SWEEP_SEED=7 takes another sample, SWEEP_MOST=20 so many calls of each fault; SWEEP_OPERATION="erase one"
 * SWEEP_FAULT=sync SWEEP_CALL=12 is one trial, and SWEEP_TRACE=1 shows whose call it was. */
#include "fault/trial.h"
#include <errno.h>
#include <stdio.h>

#define BIT(status) (UINT32_C(1) << -(int)(status))
/* A root store's failures are its own, whatever they come from; the text says it. */
#define MEMORY (BIT(VPRIV_E_MEMORY) | BIT(VPRIV_E_ROOT))
#define IO     (BIT(VPRIV_E_IO) | BIT(VPRIV_E_ROOT))
#define FULL   (BIT(VPRIV_E_FULL) | BIT(VPRIV_E_ROOT))
#define ALL_FILES                                                                                  \
    (FAULTS_BIT(FAULTS_MAKE) | FAULTS_BIT(FAULTS_UPDATE) | FAULTS_BIT(FAULTS_WRITE) |              \
        FAULTS_BIT(FAULTS_SIZE) | FAULTS_BIT(FAULTS_NAME))
#define OPENING (FAULTS_BIT(FAULTS_OPEN) | FAULTS_BIT(FAULTS_UPDATE) | FAULTS_BIT(FAULTS_MAKE))

static const struct fault faults[] = {
    {"memory", FAULTS_BIT(FAULTS_MEMORY), FAULTS_ONCE, ENOMEM, MEMORY, false, false},
    {"memory, on", FAULTS_BIT(FAULTS_MEMORY), FAULTS_ON, ENOMEM, MEMORY, false, false},
    {"mmap", FAULTS_BIT(FAULTS_MAP), FAULTS_ONCE, ENOMEM, MEMORY, false, false},
    {"mmap, on", FAULTS_BIT(FAULTS_MAP), FAULTS_ON, ENOMEM, MEMORY, false, false},
    {"mprotect", FAULTS_BIT(FAULTS_PROTECT), FAULTS_ONCE, ENOMEM, MEMORY, false, false},
    {"mlock", FAULTS_BIT(FAULTS_LOCK), FAULTS_ONCE, ENOMEM, MEMORY, false, false},
    {"mlock, on", FAULTS_BIT(FAULTS_LOCK), FAULTS_ON, ENOMEM, MEMORY, false, false},
    {"too many files", OPENING, FAULTS_ONCE, EMFILE, IO, false, false},
    {"too many files, on", OPENING, FAULTS_ON, EMFILE, IO, false, false},
    {"not allowed, on", OPENING, FAULTS_ON, EACCES, IO, false, false},
    {"read", FAULTS_BIT(FAULTS_READ), FAULTS_ONCE, EIO, IO, false, false},
    {"read, on", FAULTS_BIT(FAULTS_READ), FAULTS_ON, EIO, IO, false, false},
    {"short reads", FAULTS_BIT(FAULTS_READ), FAULTS_SHORT, 0, 0, false, false},
    {"interrupted read", FAULTS_BIT(FAULTS_READ), FAULTS_INTERRUPT, 0, 0, false, false},
    {"write", FAULTS_BIT(FAULTS_WRITE), FAULTS_ONCE, EIO, IO, false, false},
    {"write, on", FAULTS_BIT(FAULTS_WRITE), FAULTS_ON, EIO, IO, false, false},
    {"short writes", FAULTS_BIT(FAULTS_WRITE), FAULTS_SHORT, 0, 0, false, false},
    {"interrupted write", FAULTS_BIT(FAULTS_WRITE), FAULTS_INTERRUPT, 0, 0, false, false},
    {"full once", FAULTS_BIT(FAULTS_WRITE), FAULTS_ONCE, ENOSPC, FULL, false, false},
    {"full", FAULTS_BIT(FAULTS_WRITE) | FAULTS_BIT(FAULTS_SIZE) | FAULTS_BIT(FAULTS_MAKE),
        FAULTS_ON, ENOSPC, FULL, false, false},
    {"full in a write", FAULTS_BIT(FAULTS_WRITE) | FAULTS_BIT(FAULTS_SIZE), FAULTS_HALF, ENOSPC,
        FULL, false, false},
    {"read-only", ALL_FILES, FAULTS_ON, EROFS, IO, false, false},
    {"size", FAULTS_BIT(FAULTS_SIZE), FAULTS_ONCE, EIO, IO, false, false},
    {"sync", FAULTS_BIT(FAULTS_SYNC), FAULTS_LOSE, EIO, IO, false, false},
    {"sync, then a power cut", FAULTS_BIT(FAULTS_SYNC), FAULTS_LOSE, EIO, IO, true, false},
    {"sync, on", FAULTS_BIT(FAULTS_SYNC), FAULTS_ON, EIO, IO, false, false},
    {"names", FAULTS_BIT(FAULTS_NAME), FAULTS_ONCE, EIO, IO, false, false},
    {"names, on", FAULTS_BIT(FAULTS_NAME), FAULTS_ON, EACCES, IO, false, false},
    {"looking", FAULTS_BIT(FAULTS_LOOK), FAULTS_ONCE, EIO, IO, false, false},
    {"looking, on", FAULTS_BIT(FAULTS_LOOK), FAULTS_ON, EACCES, IO, false, false},
    {"file locks", FAULTS_BIT(FAULTS_FLOCK), FAULTS_ONCE, EIO, IO | BIT(VPRIV_E_BUSY), false,
        false},
    {"file locks, on", FAULTS_BIT(FAULTS_FLOCK), FAULTS_ON, EIO, IO | BIT(VPRIV_E_BUSY), false,
        false},
    {"threads", FAULTS_BIT(FAULTS_THREAD), FAULTS_ONCE, EAGAIN, MEMORY, false, false},
    {"interrupted random", FAULTS_BIT(FAULTS_RANDOM), FAULTS_INTERRUPT, 0, 0, false, false},
    {"random", FAULTS_BIT(FAULTS_RANDOM), FAULTS_ONCE, EIO, 0, false, true},
};
#define N_FAULTS (sizeof faults / sizeof faults[0])

static const struct operation *operation_at(size_t i)
{
    const struct {
        const struct operation *operations;
        size_t n;
    } groups[] = {{sweep_people, n_sweep_people}, {sweep_sound, n_sweep_sound},
        {sweep_storage, n_sweep_storage}, {sweep_share, n_sweep_share},
        {sweep_roots, n_sweep_roots}};
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        if (i < groups[g].n)
            return &groups[g].operations[i];
        i -= groups[g].n;
    }
    return NULL;
}

static size_t n_operations(void)
{
    size_t n = 0;
    while (operation_at(n))
        n++;
    return n;
}

struct tally {
    uint64_t n_tried, n_reported, n_bad;
};

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* splitmix64 of the seed and the place: the same sample everywhere, another one with SWEEP_SEED. */
static uint64_t draw(uint64_t turn)
{
    uint64_t bits = (number_of("SWEEP_SEED", 1) << 32) + turn;
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9) + UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

/* All calls, or SWEEP_MOST of them with the same distance; in make check one, of every second fault. */
static uint64_t first_call(uint64_t n_calls, uint64_t turn, bool must, uint64_t *step_out)
{
    const uint64_t chance = draw(turn);
    const uint64_t most = number_of("SWEEP_MOST", life_is_long() ? n_calls : 0);
    *step_out = most > 0 ? (n_calls + most - 1) / most : n_calls;
    return most == 0 && chance % 2 && !must ? n_calls + 1 : 1 + chance / 2 % *step_out;
}

static void sweep_fault(struct field *field, const struct fault *fault, uint64_t n_calls,
    uint64_t turn, struct tally *tally)
{
    const char *wanted = getenv("SWEEP_FAULT");
    if (n_calls == 0 || (wanted && strcmp(wanted, fault->name) != 0))
        return;
    uint64_t step = 0;
    uint64_t first = first_call(n_calls, turn, tally->n_tried == 0, &step);
    if (getenv("SWEEP_CALL"))
        first = step = number_of("SWEEP_CALL", 0);
    for (uint64_t n = first; n <= (getenv("SWEEP_CALL") ? first : n_calls); n += step) {
        bool is_hit = false;
        vpriv_status st = VPRIV_OK;
        const char *problem = trial_run(field, fault, n, &is_hit, &st);
        tally->n_tried += is_hit;
        tally->n_reported += is_hit && st != VPRIV_OK;
        if (problem) {
            tally->n_bad++;
            if (tally->n_bad <= 20)
                printf("%s, %s, call %llu of %llu: %s\n", field->operation->name, fault->name,
                    (unsigned long long)n, (unsigned long long)n_calls, problem);
        }
    }
}

START_TEST(a_fault_is_told_and_leaves_nothing_by_half)
{
    const struct operation *operation = operation_at((size_t)_i);
    const char *wanted = getenv("SWEEP_OPERATION");
    struct field field;
    struct tally tally = {0};
    uint64_t n_seen[FAULTS_N_KINDS];
    if (wanted && strcmp(wanted, operation->name) != 0)
        return;
    field_open(&field, operation);
    trial_count(&field, n_seen);
    if (getenv("SWEEP_COUNTS"))
        for (unsigned k = 0; k < FAULTS_N_KINDS; k++)
            printf("kind %u: %llu\n", k, (unsigned long long)n_seen[k]);
    for (size_t f = 0; f < N_FAULTS; f++) {
        uint64_t n_calls = 0;
        if (operation->flags & SWEEP_FRAGILE && faults[f].kinds & FAULTS_BIT(FAULTS_MEMORY))
            continue;
        for (unsigned kind = 0; kind < FAULTS_N_KINDS; kind++)
            if (faults[f].kinds >> kind & 1)
                n_calls += n_seen[kind];
        sweep_fault(&field, &faults[f], n_calls, (uint64_t)_i * N_FAULTS + f, &tally);
    }
    printf("%-20s %6llu faults, %6llu reported, %llu wrong\n", operation->name,
        (unsigned long long)tally.n_tried, (unsigned long long)tally.n_reported,
        (unsigned long long)tally.n_bad);
    field_close(&field);
    if (!getenv("SWEEP_FAULT")) /* not every call meets every one */
        ck_assert_uint_gt(tally.n_tried, 0);
    ck_assert_uint_eq(tally.n_bad, 0);
}
END_TEST

static bool is_known(const char *name)
{
    bool known = !name;
    for (size_t i = 0; i < n_operations(); i++)
        known = known || strcmp(operation_at(i)->name, name) == 0;
    return known;
}

int main(void)
{
    if (!is_known(getenv("SWEEP_OPERATION"))) {
        fprintf(stderr, "SWEEP_OPERATION: no such operation\n");
        return 1;
    }
    Suite *suite = suite_create("fault: sweep");
    TCase *tcase = tcase_create("sweep");
    tcase_set_timeout(tcase, life_is_long() ? 36000 : 300);
    tcase_add_loop_test(tcase, a_fault_is_told_and_leaves_nothing_by_half, 0, (int)n_operations());
    suite_add_tcase(suite, tcase);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
