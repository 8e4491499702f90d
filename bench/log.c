/* The transparency log: appending, proving, checking. */
#include "base/random.h"
#include "bench.h"
#include "vault/log_store.h"
#include "vault/subject.h"
#include <string.h>

#define BATCH 1000

typedef struct ledger {
    bench_vault vault;
    int64_t subject;
    uint64_t size;
    uint8_t root[VPRIV_LOG_HASH_BYTES];
    uint64_t next;
    uint64_t n_verified;
} ledger;

static void append(ledger *l, int n)
{
    vpriv_vault *vault = l->vault.vault;
    BENCH_TRY(vpi_vault_enter(vault, true));
    BENCH_TRY(vpi_vault_begin(vault));
    for (int i = 0; i < n; i++) {
        vpriv_log_entry entry = {.kind = VPRIV_LOG_ACCESS_GRANTED,
            .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
            .actor = "reviewer 17",
            .reason = "quality"};
        vpi_random(entry.recording, sizeof entry.recording);
        BENCH_TRY(vpi_log_append(vault, &entry, &l->subject, 1, NULL, NULL));
    }
    BENCH_TRY(vpi_vault_commit(vault));
    vpi_vault_leave(vault);
}

static void append_one(void *user)
{
    append(user, 1);
}

static void append_many(void *user)
{
    append(user, BATCH);
}

static void read_and_prove(void *user)
{
    ledger *l = user;
    uint8_t leaf[VPRIV_LOG_HASH_BYTES], proof[VPRIV_LOG_PROOF_HASHES_MAX * VPRIV_LOG_HASH_BYTES];
    size_t n_hashes = 0;
    l->next = (l->next + 611953) % l->size;
    BENCH_TRY(
        vpriv_vault_prove_inclusion(l->vault.vault, l->next, l->size, leaf, proof, &n_hashes));
    BENCH_TRY(vpriv_log_verify_inclusion(leaf, l->next, l->size, proof, n_hashes, l->root));
}

static void sign(void *user)
{
    ledger *l = user;
    vpriv_log_checkpoint checkpoint;
    BENCH_TRY(vpriv_vault_checkpoint(l->vault.vault, &checkpoint));
}

static void verify(void *user)
{
    ledger *l = user;
    vpriv_verification found = {.struct_size = sizeof found};
    BENCH_TRY(vpriv_vault_verify(l->vault.vault, l->vault.keyring, NULL, NULL, &found));
    l->n_verified = found.n_log_leaves;
}

static void find_subject(ledger *l)
{
    vpi_subject subject;
    BENCH_TRY(vpi_vault_enter(l->vault.vault, true));
    BENCH_TRY(vpi_subject_find(l->vault.vault, l->vault.subject, &subject));
    l->subject = subject.row;
    vpi_vault_leave(l->vault.vault);
}

static void read_head(ledger *l)
{
    vpi_log_head head;
    BENCH_TRY(vpi_vault_enter(l->vault.vault, true));
    BENCH_TRY(vpi_log_head_read(l->vault.vault, &head));
    l->size = head.size;
    memcpy(l->root, head.root, sizeof l->root);
    vpi_vault_leave(l->vault.vault);
}

void bench_log(const bench_setting *setting)
{
    ledger l = {.next = 0};
    double rate[BENCH_ROUNDS];
    bench_group("Transparency log");
    bench_vault_create(setting->folder, "log", &l.vault);
    find_subject(&l);
    bench_repeated appends[] = {
        {.run = append_many, .user = &l, .per_round = 1},
        {.run = append_one, .user = &l, .per_round = 20},
    };
    bench_repeat(appends, 2);
    bench_row_ms("append one entry, durable", appends[1].wall_ns, 0);
    for (int i = 0; i < BENCH_ROUNDS; i++)
        rate[i] = BATCH / (appends[0].wall_ns[i] * 1e-9);
    bench_row("entries appended per second, many in a commit", "1/s", rate, BENCH_ROUNDS,
        BENCH_NO_GOAL, 0);
    read_head(&l);
    bench_repeated checks[] = {
        {.run = read_and_prove, .user = &l, .per_round = 200},
        {.run = sign, .user = &l, .per_round = 50},
        {.run = verify, .user = &l, .per_round = 1},
    };
    bench_repeat(checks, 3);
    bench_row_scaled("prove one entry and check the proof", "us", checks[0].wall_ns, 1e-3);
    bench_row_scaled("sign a checkpoint", "us", checks[1].wall_ns, 1e-3);
    for (int i = 0; i < BENCH_ROUNDS; i++)
        rate[i] = (double)l.n_verified / (checks[2].wall_ns[i] * 1e-9);
    bench_row(
        "entries verified per second, whole vault", "1/s", rate, BENCH_ROUNDS, BENCH_NO_GOAL, 0);
    bench_vault_close(&l.vault);
}
