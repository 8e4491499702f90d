/* What is done with a vault as a whole: adopting what capture processes left, verifying, and erasing very
 * much while somebody records. */
#include "base/random.h"
#include "bench.h"
#include "fill.h"
#include "keys/seal.h"
#include "vault/ingest.h"
#include "vault/vault.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <voicepriv/purge.h>
#include <voicepriv/recorder.h>

#define ADOPTED_AT_ONCE  10
#define ADOPTED_MS       1000
#define VERIFIED         16   /* recordings, as long as the speech */
#define PURGED_AT_ONCE   2048 /* recordings of one block */
#define PURGE_WINDOW     256
#define BLOCK_TEXT_BYTES (VPI_BLOCK_BYTES - 17) /* without the version and the authenticator */

static const vpriv_stream_format microphone = {VPRIV_SAMPLE_S16, 48000, 2};
static const vpriv_trigger trigger = {
    .struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_CONTINUOUS};

static vpriv_recorder_config config_of(const uint8_t *subject)
{
    return (vpriv_recorder_config){.struct_size = sizeof(vpriv_recorder_config),
        .subjects = subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .voice_gate = VPRIV_VOICE_GATE_OFF};
}

static void run_recorder(vpriv_vault *vault, const uint8_t *subject, vpriv_source *source)
{
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_recorder_config config = config_of(subject);
    BENCH_TRY(vpriv_recorder_open(vault, source, &config, &recorder));
    BENCH_TRY(vpriv_recorder_run(recorder, &trigger, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    if (!outcome.is_stored)
        bench_die("the recording was not stored");
}

/* The speech's first milliseconds, as a capture process takes them. */
static void take(
    vpriv_vault *vault, const uint8_t *subject, const bench_speech *speech, uint32_t ms)
{
    vpriv_source *source = NULL;
    size_t n_taken = 0;
    const size_t n_frames = (size_t)ms * 48;
    BENCH_TRY(vpriv_capture_push_open(&microphone, ms + 100, &source));
    BENCH_TRY(vpriv_capture_push_write(source, speech->stereo, n_frames, &n_taken));
    BENCH_TRY(vpriv_capture_push_end(source));
    if (n_taken != n_frames)
        bench_die("the source did not take all");
    run_recorder(vault, subject, source);
}

static void import(vpriv_vault *vault, const uint8_t *subject, const bench_speech *speech)
{
    vpriv_source *source = NULL;
    BENCH_TRY(vpriv_capture_file_open(speech->wav_path, &source));
    run_recorder(vault, subject, source);
}

/* ---- Adopting ---- */

typedef struct adoption {
    const bench_speech *speech;
    bench_vault owner;
    vpriv_vault *capture;
} adoption;

static void leave_some(void *user)
{
    adoption *a = user;
    uint64_t n_pending = 0;
    for (int i = 0; i < ADOPTED_AT_ONCE; i++)
        take(a->capture, a->owner.subject, a->speech, ADOPTED_MS);
    BENCH_TRY(vpi_ingest_pending(a->owner.vault, &n_pending));
    if (n_pending == 0)
        bench_die("nothing is left to adopt");
}

static void adopt(void *user)
{
    vpriv_vault *vault = ((adoption *)user)->owner.vault;
    BENCH_TRY(vpi_vault_enter(vault, true));
    BENCH_TRY(vpi_vault_begin(vault));
    BENCH_TRY(vpi_ingest_adopt_all(vault));
    BENCH_TRY(vpi_vault_commit(vault));
    vpi_vault_leave(vault);
}

static void measure_adopting(const bench_setting *setting)
{
    adoption a = {.speech = setting->speech};
    vpriv_keyring *credential = NULL;
    bench_vault_create(setting->folder, "adopt", &a.owner);
    BENCH_TRY(vpriv_vault_capture_credential(a.owner.vault, &credential));
    BENCH_TRY(vpriv_vault_open_for_capture(a.owner.path, credential, NULL, &a.capture));
    bench_repeated task = {.before = leave_some, .run = adopt, .user = &a, .per_round = 1};
    bench_repeat(&task, 1);
    bench_row_scaled("adopt one recording of a capture process, with its share of the commit", "ms",
        task.wall_ns, 1e-6 / ADOPTED_AT_ONCE);
    bench_row_scaled("  of that, CPU", "ms", task.cpu_ns, 1e-6 / ADOPTED_AT_ONCE);
    vpriv_vault_close(a.capture);
    vpriv_keyring_close(credential);
    bench_vault_close(&a.owner);
}

/* ---- Verifying ---- */

typedef struct verification {
    bench_vault owner;
    uint64_t n_blocks;
    uint8_t key[VPI_KEY_BYTES];
    uint8_t sealed[VPI_BLOCK_BYTES];
    uint8_t plain[VPI_BLOCK_BYTES];
} verification;

static void verify(void *user)
{
    verification *v = user;
    vpriv_verification found = {.struct_size = sizeof found};
    BENCH_TRY(vpriv_vault_verify(v->owner.vault, v->owner.keyring, NULL, NULL, &found));
    if (found.n_findings != 0 || found.n_blocks_opened == 0)
        bench_die("the vault is not as it should be");
    v->n_blocks = found.n_blocks_opened;
}

static void count(void *user)
{
    verification *v = user;
    vpriv_verification found = {.struct_size = sizeof found};
    BENCH_TRY(vpriv_vault_verify(v->owner.vault, NULL, NULL, NULL, &found));
}

/* As many blocks of the same size, and nothing else. */
static void open_bare(void *user)
{
    verification *v = user;
    static const uint8_t nonce[24];
    unsigned long long n_plain = 0;
    for (uint64_t i = 0; i < v->n_blocks; i++)
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(v->plain, &n_plain, NULL, v->sealed,
                BLOCK_TEXT_BYTES + 16, NULL, 0, nonce, v->key) != 0)
            bench_die("libsodium does not open what it sealed");
}

static void measure_verifying(const bench_setting *setting)
{
    verification *v = bench_alloc(sizeof *v);
    static const uint8_t nonce[24];
    double rates[2][BENCH_ROUNDS], megabytes[BENCH_ROUNDS];
    bench_vault_create(setting->folder, "verify", &v->owner);
    for (int i = 0; i < VERIFIED; i++)
        import(v->owner.vault, v->owner.subject, setting->speech);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        v->sealed, NULL, v->plain, BLOCK_TEXT_BYTES, NULL, 0, NULL, nonce, v->key);
    bench_contender c[] = {{verify, v, {0}, {0}}, {open_bare, v, {0}, {0}}, {count, v, {0}, {0}}};
    bench_race(c, 3, 4);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < BENCH_ROUNDS; i++)
            rates[k][i] = 4.0 * (double)v->n_blocks / (c[k].cpu_ns[i] * 1e-9);
    for (int i = 0; i < BENCH_ROUNDS; i++)
        megabytes[i] = rates[0][i] * VPI_BLOCK_BYTES * 1e-6;
    bench_row_one(
        "blocks in the vault that is verified", "", (double)v->n_blocks, BENCH_NO_GOAL, 0);
    bench_row("verified with a keyring, per second of CPU", "MB", megabytes, BENCH_ROUNDS,
        BENCH_NO_GOAL, 0);
    bench_row_ratio(
        "blocks verified ÷ opened by libsodium alone", rates[0], rates[1], BENCH_NO_GOAL, 0);
    bench_row_ratio(
        "verify without a keyring ÷ with one", c[2].cpu_ns, c[0].cpu_ns, BENCH_NO_GOAL, 0);
    bench_vault_close(&v->owner);
    free(v);
}

/* ---- Purging while somebody records ---- */

typedef struct crowd {
    const bench_speech *speech;
    bench_filled filled;
    vpriv_vault *recording; /* another handle, as another process has it */
    uint32_t n_purged;
    double purge_ns[BENCH_ROUNDS + 1];
    size_t n_timed;
} crowd;

static void purge(void *user)
{
    crowd *c = user;
    vpriv_purge_report report = {.struct_size = sizeof report};
    const vpriv_purge_criteria next = {.struct_size = sizeof next,
        .recordings = c->filled.ids + c->n_purged,
        .n_recordings = PURGED_AT_ONCE,
        .window = PURGE_WINDOW};
    BENCH_TRY(vpriv_purge(c->filled.vault.vault, &next, NULL, NULL, &report, NULL));
    if (report.n_recordings != PURGED_AT_ONCE)
        bench_die("the purge left some");
    c->n_purged += PURGED_AT_ONCE;
}

static void *purge_beside(void *user)
{
    crowd *c = user;
    const double start = bench_wall_ns();
    purge(user);
    c->purge_ns[c->n_timed++] = bench_wall_ns() - start;
    return NULL;
}

static void record(void *user)
{
    crowd *c = user;
    import(c->recording, c->filled.vault.subject, c->speech);
}

static void record_beside(void *user)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, purge_beside, user) != 0)
        bench_die("no thread");
    record(user);
    pthread_join(thread, NULL);
}

static void measure_purging(const bench_setting *setting)
{
    crowd c = {.speech = setting->speech};
    double alone[BENCH_ROUNDS], beside[BENCH_ROUNDS];
    bench_fill(setting->folder, "purge", 2 * (BENCH_ROUNDS + 1) * PURGED_AT_ONCE, &c.filled);
    BENCH_TRY(vpriv_vault_open(c.filled.vault.path, c.filled.vault.root, NULL, &c.recording));
    bench_contender tasks[] = {
        {record, &c, {0}, {0}}, {purge, &c, {0}, {0}}, {record_beside, &c, {0}, {0}}};
    bench_race(tasks, 3, 1);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        alone[i] = PURGED_AT_ONCE / (tasks[1].wall_ns[i] * 1e-9);
        beside[i] = PURGED_AT_ONCE / (c.purge_ns[i + 1] * 1e-9);
    }
    bench_row("recordings purged per second, 256 at a time", "1/s", alone, BENCH_ROUNDS,
        BENCH_NO_GOAL, 0);
    bench_row("the same while a file is imported", "1/s", beside, BENCH_ROUNDS, BENCH_NO_GOAL, 0);
    bench_row_ratio("importing while 2,048 are purged ÷ importing alone, time", tasks[2].wall_ns,
        tasks[0].wall_ns, BENCH_NO_GOAL, 0);
    vpriv_vault_close(c.recording);
    bench_fill_close(&c.filled);
}

void bench_storage(const bench_setting *setting)
{
    bench_group("Storage: adopt, verify, purge");
    measure_adopting(setting);
    measure_verifying(setting);
    measure_purging(setting);
}
