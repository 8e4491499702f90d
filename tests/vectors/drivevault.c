/* A vault on a string: reads one command a line, does it with the library, answers one line. The
 * checks in Python pull it, and copy the files in between. The root store forgets at once: it is one
 * record in memory, handed out with "root". */
#include "base/try.h"
#include "vault/log_store.h"
#include "vault/sealer.h"
#include "vault/subject.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <voicepriv/gate.h>
#include <voicepriv/voicepriv.h>

#define LINE_BYTES  (1 << 20)
#define WORDS_MAX   9
#define ENTRY_48K   960
#define N_KEPT      4
#define BLOCKS_MAX  32
#define BATCH_BYTES (BLOCKS_MAX * VPI_BLOCK_PLAIN_BYTES)

typedef struct driver {
    vpriv_root_store *store;
    vpriv_vault *vault;
    vpriv_vault *capture;
    vpriv_keyring *owner;
    char path[512];
    bool has_root;
    vpi_sealer *kept[N_KEPT]; /* provisional to the end */
    size_t n_kept;
    uint8_t root[VPRIV_ROOT_RECORD_BYTES];
    int64_t now_us; /* 0 is the system's clock */
    vpriv_retention retention;
} driver;

static int64_t now(void *user)
{
    const driver *d = user;
    struct timespec system;
    clock_gettime(CLOCK_REALTIME, &system);
    return d->now_us ? d->now_us : (int64_t)system.tv_sec * 1000000 + system.tv_nsec / 1000;
}

static vpriv_vault_options options_of(driver *d)
{
    return (vpriv_vault_options){
        .struct_size = sizeof(vpriv_vault_options), .clock = now, .clock_user = d};
}

static vpriv_status load(void *user, uint8_t *record_out)
{
    const driver *d = user;
    if (!d->has_root)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, d->root, sizeof d->root);
    return VPRIV_OK;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    driver *d = user;
    memcpy(d->root, record, sizeof d->root);
    d->has_root = true;
    return VPRIV_OK;
}

static vpriv_status destroy(void *user)
{
    driver *d = user;
    sodium_memzero(d->root, sizeof d->root);
    d->has_root = false;
    return VPRIV_OK;
}

/* Bytes from hexadecimal; the number of them, or SIZE_MAX. */
static size_t from_hex(const char *hex, uint8_t *bytes_out, size_t capacity)
{
    size_t n_bytes = 0;
    const char *end = NULL;
    if (sodium_hex2bin(bytes_out, capacity, hex, strlen(hex), NULL, &n_bytes, &end) != 0 || *end)
        return SIZE_MAX;
    return n_bytes;
}

static void answer(const uint8_t *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        printf("%02x", bytes[i]);
}

static vpriv_status create(driver *d, char **words)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, load, replace, destroy, d};
    snprintf(d->path, sizeof d->path, "%s", words[1]);
    VPI_TRY(vpriv_root_callbacks_open(&callbacks, &d->store));
    const vpriv_vault_options options = options_of(d);
    VPI_TRY(vpriv_vault_create(d->path, d->store, &options, &d->owner, &d->vault));
    VPI_TRY(vpriv_keyring_save(d->owner, words[2]));
    st = VPRIV_OK;
out:
    return st;
}

/* credential FILE: opens the vault a second time, for capture only. */
static vpriv_status credential(driver *d, char **words)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_keyring *ring = NULL;
    const vpriv_vault_options options = options_of(d);
    VPI_TRY(vpriv_vault_capture_credential(d->vault, &ring));
    VPI_TRY(vpriv_keyring_save(ring, words[1]));
    VPI_TRY(vpriv_vault_open_for_capture(d->path, ring, &options, &d->capture));
    st = VPRIV_OK;
out:
    vpriv_keyring_close(ring);
    return st;
}

/* subject NAME [CLASS] */
static vpriv_status subject(driver *d, char **words)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    const vpriv_subject_class subject_class =
        words[2] ? (vpriv_subject_class)atoi(words[2]) : VPRIV_SUBJECT_USER;
    const vpriv_status st = vpriv_subject_add(d->vault, subject_class, words[1], "by mail", id);
    if (st == VPRIV_OK)
        answer(id, sizeof id);
    return st;
}

static vpriv_status notice(driver *d, char **words)
{
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = words[1],
        .version = words[2],
        .language = "en",
        .text = words[3],
        .text_bytes = strlen(words[3])};
    return vpriv_notice_add(d->vault, &notice, NULL);
}

/* consent SUBJECT PURPOSE EVENT [NOTICE] */
static vpriv_status consent(driver *d, char **words)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence, .notice_id = words[4]};
    if (from_hex(words[1], id, sizeof id) != sizeof id)
        return vpi_fail(VPRIV_E_ARG, "not a subject id");
    return vpriv_consent_record_event(d->vault, id, (vpriv_purpose)atoi(words[2]),
        (vpriv_consent_event)atoi(words[3]), words[4] ? &evidence : NULL, NULL);
}

/* Blocks of the entries "hex,hex,gap:skipped:lost,silence:frames,…": n × VPI_BLOCK_PLAIN_BYTES into plain. */
static vpriv_status build(
    char *list, vpi_block_builder *builder, uint8_t *plain, size_t *n_out, uint64_t *end_out)
{
    uint8_t packet[VPI_PACKET_BYTES_MAX];
    uint64_t position = 0;
    size_t n = 0;
    char *rest = NULL;
    vpi_block_clear(builder, 0);
    for (char *item = strtok_r(list, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        unsigned long long skipped = 0, lost = 0, silent = 0;
        const bool is_gap = sscanf(item, "gap:%llu:%llu", &skipped, &lost) == 2;
        const bool is_silence = sscanf(item, "silence:%llu", &silent) == 1;
        const size_t n_bytes = is_gap || is_silence ? 0 : from_hex(item, packet, sizeof packet);
        if (n_bytes > sizeof packet || n + 1 >= BLOCKS_MAX)
            return vpi_fail(VPRIV_E_ARG, "too much, or not hexadecimal");
        for (int tries = 0; tries < 2; tries++) {
            if (is_gap       ? vpi_block_add_gap(builder, (uint32_t)skipped, lost)
                : is_silence ? vpi_block_add_silence(builder, (uint32_t)silent)
                             : vpi_block_add_packet(builder, packet, n_bytes))
                break;
            vpi_block_finish(builder, plain + n++ * VPI_BLOCK_PLAIN_BYTES);
            vpi_block_clear(builder, position);
        }
        position += is_gap ? skipped : is_silence ? silent : ENTRY_48K;
    }
    vpi_block_finish(builder, plain + n++ * VPI_BLOCK_PLAIN_BYTES);
    *n_out = n;
    *end_out = position;
    return VPRIV_OK;
}

static vpriv_status request_of(const driver *d, char **words, vpi_sealer_request *request_out)
{
    uint8_t ids[VPI_SUBJECTS_MAX * VPI_SUBJECT_ID_BYTES];
    const size_t n_bytes = from_hex(words[1], ids, sizeof ids);
    if (n_bytes == 0 || n_bytes > sizeof ids || n_bytes % VPI_SUBJECT_ID_BYTES != 0)
        return vpi_fail(VPRIV_E_ARG, "not subject ids");
    memset(request_out, 0, sizeof *request_out);
    request_out->required = (uint32_t)strtoul(words[2], NULL, 0);
    request_out->optional = (uint32_t)strtoul(words[3], NULL, 0);
    vpi_tag *tag = &request_out->tag;
    tag->n_subjects = (uint32_t)(n_bytes / VPI_SUBJECT_ID_BYTES);
    tag->all_identified = VPRIV_FACT_YES;
    memcpy(tag->subjects, ids, n_bytes);
    tag->trigger = VPRIV_TRIGGER_WAKE_WORD;
    tag->trigger_score = 0.75f;
    snprintf(tag->wake_word, sizeof tag->wake_word, "computer");
    tag->retention = d->retention ? d->retention : VPRIV_RETENTION_90_DAYS;
    tag->started_us = (int64_t)time(NULL) * 1000000;
    tag->rate_hz = 16000;
    tag->n_channels = 1;
    tag->pre_skip_48k = 312;
    return VPRIV_OK;
}

static vpriv_status seal(
    vpi_sealer *sealer, const char *how, const uint8_t *plain, size_t n_blocks, uint64_t end_48k)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const size_t last = (n_blocks - 1) * VPI_BLOCK_PLAIN_BYTES;
    const bool finishes = strcmp(how, "finished") == 0;
    const size_t n_written = finishes ? n_blocks - 1 : n_blocks;
    if (n_written > 0)
        VPI_TRY(vpi_sealer_write(sealer, plain, n_written));
    if (strcmp(how, "provisional") != 0)
        VPI_TRY(vpi_sealer_commit(sealer));
    if (finishes)
        VPI_TRY(vpi_sealer_finish(sealer, plain + last, VPRIV_END_STOPPED, end_48k - 312));
    st = VPRIV_OK;
out:
    return st;
}

/* record SUBJECTS REQUIRED OPTIONAL finished|unfinished|provisional ENTRIES; "capture" does it without
 * the root. What is provisional stays so, as in a process that dies. */
static vpriv_status record(driver *d, char **words)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    static uint8_t plain[BATCH_BYTES];
    static vpi_block_builder builder;
    vpi_sealer_request request;
    vpi_sealer *sealer = NULL;
    size_t n_blocks = 0;
    uint64_t end_48k = 0;
    vpriv_vault *vault = strcmp(words[0], "capture") == 0 ? d->capture : d->vault;
    VPI_ENSURE(vault && words[5], VPRIV_E_ARG, "no vault to capture into, or no entries");
    VPI_TRY(request_of(d, words, &request));
    VPI_TRY(build(words[5], &builder, plain, &n_blocks, &end_48k));
    VPI_TRY(vpi_sealer_create(vault, &request, &sealer));
    VPI_TRY(seal(sealer, words[4], plain, n_blocks, end_48k));
    answer(vpi_sealer_recording_id(sealer), VPI_RECORDING_ID_BYTES);
    st = VPRIV_OK;
out:
    /* What a process that dies leaves: no rejection. */
    if (sealer && strcmp(words[4], "provisional") == 0 && d->n_kept < N_KEPT)
        d->kept[d->n_kept++] = sealer;
    else
        vpi_sealer_destroy(sealer);
    return st;
}

static vpriv_status erase(driver *d, char **words)
{
    vpriv_recording_id id;
    if (from_hex(words[1], id.bytes, sizeof id.bytes) != sizeof id.bytes)
        return vpi_fail(VPRIV_E_ARG, "not a recording id");
    return vpriv_vault_erase(d->vault, &id, 1, NULL);
}

static vpriv_status erase_subject(driver *d, char **words)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    if (from_hex(words[1], id, sizeof id) != sizeof id)
        return vpi_fail(VPRIV_E_ARG, "not a subject id");
    return vpriv_subject_erase(d->vault, id, NULL);
}

/* gate RECORDING PURPOSE: opens and closes, for the log. */
static vpriv_status gate(driver *d, char **words)
{
    vpriv_recording_id id;
    vpriv_reader *reader = NULL;
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = (vpriv_purpose)atoi(words[2]),
        .actor = "check",
        .reason = "to see the log"};
    if (from_hex(words[1], id.bytes, sizeof id.bytes) != sizeof id.bytes)
        return vpi_fail(VPRIV_E_ARG, "not a recording id");
    const vpriv_status st = vpriv_gate_open(d->vault, d->owner, &id, &request, &reader);
    vpriv_gate_close(reader);
    return st;
}

/* derive RECORDING KIND PURPOSES LANGUAGE BYTES: something made from it. */
static vpriv_status derive(driver *d, char **words)
{
    static uint8_t bytes[LINE_BYTES / 2];
    vpriv_recording_id id;
    vpriv_derivative_id made;
    const size_t n_bytes = from_hex(words[5], bytes, sizeof bytes);
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = (vpriv_derivative_kind)atoi(words[2]),
        .media_type = "text/plain",
        .language = words[4],
        .made_by = "check",
        .purposes = (uint32_t)strtoul(words[3], NULL, 0)};
    if (from_hex(words[1], id.bytes, sizeof id.bytes) != sizeof id.bytes || n_bytes > sizeof bytes)
        return vpi_fail(VPRIV_E_ARG, "not a recording id, or not hexadecimal");
    const vpriv_status st = vpriv_derivative_add(d->vault, &id, &about, bytes, n_bytes, &made);
    if (st == VPRIV_OK)
        answer(made.bytes, sizeof made.bytes);
    return st;
}

static vpriv_status answer_part(void *user, const void *bytes, size_t n_bytes)
{
    (void)user;
    answer(bytes, n_bytes);
    return VPRIV_OK;
}

/* say DERIVATIVE PURPOSE: what it says. */
static vpriv_status say(driver *d, char **words)
{
    vpriv_derivative_id id;
    const vpriv_gate_request request = {.struct_size = sizeof request,
        .purpose = (vpriv_purpose)atoi(words[2]),
        .actor = "check",
        .reason = "to see the log"};
    if (from_hex(words[1], id.bytes, sizeof id.bytes) != sizeof id.bytes)
        return vpi_fail(VPRIV_E_ARG, "not a derivative id");
    return vpriv_gate_read_derivative(d->vault, d->owner, &id, &request, answer_part, NULL);
}

static vpriv_status underive(driver *d, char **words)
{
    vpriv_derivative_id id;
    if (from_hex(words[1], id.bytes, sizeof id.bytes) != sizeof id.bytes)
        return vpi_fail(VPRIV_E_ARG, "not a derivative id");
    return vpriv_derivative_erase(d->vault, &id, NULL);
}

/* leaf INDEX: whether an entry of the log opens. */
static vpriv_status leaf(driver *d, char **words)
{
    vpriv_log_entry entry;
    vpriv_status st = vpi_vault_enter(d->vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_log_read(d->vault, strtoull(words[1], NULL, 10), &entry);
    vpi_vault_leave(d->vault);
    return st;
}

/* give SUBJECT PURPOSE NOTICE RETENTION USES SECONDS BY [past]: a consent with everything to it; 0 seconds
 * is without end. */
static vpriv_status give(driver *d, char **words)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    const int64_t seconds = strtoll(words[6], NULL, 10);
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence,
        .notice_id = words[3],
        .retention = words[4],
        .max_uses = (uint32_t)atoi(words[5]),
        .by = (vpriv_consent_by)atoi(words[7]),
        .covers_past = words[8] && strcmp(words[8], "past") == 0,
        .valid_until_us = seconds ? now(d) + seconds * 1000000 : 0};
    if (from_hex(words[1], id, sizeof id) != sizeof id)
        return vpi_fail(VPRIV_E_ARG, "not a subject id");
    return vpriv_consent_give(d->vault, id, (vpriv_purpose)atoi(words[2]), &evidence, NULL);
}

/* past SUBJECT PURPOSE: how many recordings it opened, one byte. */
static vpriv_status past(driver *d, char **words)
{
    uint8_t id[VPRIV_SUBJECT_ID_BYTES], n_opened = 0;
    vpriv_past_report report = {.struct_size = sizeof report};
    if (from_hex(words[1], id, sizeof id) != sizeof id)
        return vpi_fail(VPRIV_E_ARG, "not a subject id");
    const vpriv_status st = vpriv_consent_apply_to_past(
        d->vault, d->owner, id, (vpriv_purpose)atoi(words[2]), "check", NULL, NULL, &report);
    n_opened = (uint8_t)report.n_opened;
    if (st == VPRIV_OK)
        answer(&n_opened, 1);
    return st;
}

/* speaker RECORDING SUBJECT; "-" is somebody unknown. */
static vpriv_status speaker(driver *d, char **words)
{
    vpriv_recording_id recording;
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    const bool known = strcmp(words[2], "-") != 0;
    if (from_hex(words[1], recording.bytes, sizeof recording.bytes) != sizeof recording.bytes ||
        (known && from_hex(words[2], id, sizeof id) != sizeof id))
        return vpi_fail(VPRIV_E_ARG, "not an id");
    return vpriv_recording_add_speaker(
        d->vault, &recording, known ? id : NULL, VPRIV_SUBJECT_UNKNOWN, "check", NULL, NULL);
}

/* clock MICROSECONDS: what time it is from now on. */
static vpriv_status set_clock(driver *d, char **words)
{
    d->now_us = strtoll(words[1], NULL, 10);
    return VPRIV_OK;
}

/* term NAME: of the recordings to come. */
static vpriv_status set_term(driver *d, char **words)
{
    return vpriv_retention_from_name(words[1], &d->retention);
}

/* pause PURPOSES, resume PURPOSES: bits. */
static vpriv_status pause_or_resume(driver *d, char **words)
{
    const uint32_t purposes = (uint32_t)strtoul(words[1], NULL, 0);
    return strcmp(words[0], "pause") == 0 ? vpriv_purpose_pause(d->vault, purposes, "check", "why")
                                          : vpriv_purpose_resume(d->vault, purposes, "check", NULL);
}

/* restrict RECORDING KIND; 0 lifts. */
static vpriv_status set_aside(driver *d, char **words)
{
    vpriv_recording_id id;
    const vpriv_restriction restriction = (vpriv_restriction)atoi(words[2]);
    if (from_hex(words[1], id.bytes, sizeof id.bytes) != sizeof id.bytes)
        return vpi_fail(VPRIV_E_ARG, "not a recording id");
    return restriction ? vpriv_recording_restrict(d->vault, &id, 1, restriction, "check", "why")
                       : vpriv_recording_lift(d->vault, &id, 1, "check", NULL);
}

static vpriv_status expire(driver *d, char **words)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    const vpriv_status st = vpriv_retention_trust_clock(d->vault, words[1]);
    return st == VPRIV_OK ? vpriv_retention_run(d->vault, 1000, &report) : st;
}

/* reject SUBJECTS PURPOSES KIND: a trigger that was not meant. */
static vpriv_status reject(driver *d, char **words)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_sealer_request request;
    vpi_sealer *sealer = NULL;
    bool closed = false;
    VPI_TRY(request_of(d, words, &request));
    request.optional = 0;
    request.tag.trigger = (vpriv_trigger_kind)atoi(words[3]);
    VPI_TRY(vpi_sealer_create(d->vault, &request, &sealer));
    VPI_TRY(vpi_sealer_reject(sealer, 0, &closed));
    st = VPRIV_OK;
out:
    vpi_sealer_destroy(sealer);
    return st;
}

typedef struct text {
    char *bytes;
    size_t n;
} text;

static vpriv_status append(void *user, const void *bytes, size_t n_bytes)
{
    text *t = user;
    char *more = realloc(t->bytes, t->n + n_bytes);
    if (!more)
        return VPRIV_E_MEMORY;
    memcpy(more + t->n, bytes, n_bytes);
    t->bytes = more;
    t->n += n_bytes;
    return VPRIV_OK;
}

static vpriv_status inventory(driver *d)
{
    text t = {NULL, 0};
    const vpriv_status st = vpriv_inventory_json(d->vault, d->owner, append, &t);
    if (st == VPRIV_OK)
        answer((const uint8_t *)t.bytes, t.n);
    free(t.bytes);
    return st;
}

/* fill N: keys that nobody needs, so that the tree grows. */
static vpriv_status fill(driver *d, char **words)
{
    vpriv_status st = vpi_vault_enter(d->vault, true);
    if (st != VPRIV_OK)
        return st;
    st = vpi_vault_begin(d->vault);
    for (int i = 0; st == VPRIV_OK && i < atoi(words[1]); i++) {
        uint8_t key[VPI_KEY_BYTES];
        uint64_t slot = 0;
        randombytes_buf(key, sizeof key);
        st = vpi_vault_add_key(d->vault, key, &slot);
    }
    if (st == VPRIV_OK)
        st = vpi_vault_commit(d->vault);
    vpi_vault_leave(d->vault);
    return st;
}

static vpriv_status checkpoint(driver *d)
{
    vpriv_log_checkpoint checkpoint;
    const vpriv_status st = vpriv_vault_checkpoint(d->vault, &checkpoint);
    if (st == VPRIV_OK)
        answer((const uint8_t *)checkpoint.text, strlen(checkpoint.text));
    return st;
}

static vpriv_status reopen(driver *d)
{
    vpriv_vault_close(d->vault);
    d->vault = NULL;
    const vpriv_vault_options options = options_of(d);
    return vpriv_vault_open(d->path, d->store, &options, &d->vault);
}

static vpriv_status run(driver *d, char **words)
{
    static const struct {
        const char *name;
        int n_words;
        vpriv_status (*function)(driver *d, char **words);
    } commands[] = {{"create", 3, create}, {"credential", 2, credential}, {"subject", 2, subject},
        {"notice", 4, notice}, {"consent", 4, consent}, {"record", 6, record},
        {"capture", 6, record}, {"erase", 2, erase}, {"erase_subject", 2, erase_subject},
        {"gate", 3, gate}, {"derive", 6, derive}, {"say", 3, say}, {"underive", 2, underive},
        {"leaf", 2, leaf}, {"fill", 2, fill}, {"give", 8, give}, {"clock", 2, set_clock},
        {"term", 2, set_term}, {"pause", 2, pause_or_resume}, {"resume", 2, pause_or_resume},
        {"restrict", 3, set_aside}, {"expire", 2, expire}, {"reject", 4, reject}, {"past", 3, past},
        {"speaker", 3, speaker}};
    int n_words = 0;
    while (n_words < WORDS_MAX && words[n_words])
        n_words++;
    for (size_t i = 0; n_words > 0 && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(words[0], commands[i].name) == 0 && n_words >= commands[i].n_words)
            return commands[i].function(d, words);
    if (n_words == 1 && strcmp(words[0], "checkpoint") == 0)
        return checkpoint(d);
    if (n_words == 1 && strcmp(words[0], "inventory") == 0)
        return inventory(d);
    if (n_words == 1 && strcmp(words[0], "reopen") == 0)
        return reopen(d);
    if (n_words == 1 && strcmp(words[0], "tidy") == 0)
        return vpriv_vault_tidy(d->vault, 1000, NULL);
    if (n_words == 1 && strcmp(words[0], "root") == 0) {
        answer(d->root, sizeof d->root);
        return VPRIV_OK;
    }
    return vpi_fail(VPRIV_E_ARG, "no such command");
}

int main(void)
{
    static driver d;
    static char line[LINE_BYTES];
    while (fgets(line, sizeof line, stdin)) {
        char *words[WORDS_MAX + 1] = {NULL}, *rest = NULL;
        int n = 0;
        for (char *word = strtok_r(line, " \n", &rest); word && n < WORDS_MAX;
             word = strtok_r(NULL, " \n", &rest))
            words[n++] = word;
        printf("= ");
        const vpriv_status st = run(&d, words);
        if (st == VPRIV_OK)
            printf(" ok\n");
        else
            printf(" failed %d %s: %s\n", (int)st, vpriv_status_text(st), vpriv_error_detail());
        fflush(stdout);
    }
    vpriv_vault_close(d.capture);
    vpriv_vault_close(d.vault);
    vpriv_keyring_close(d.owner);
    vpriv_root_close(d.store);
    return 0;
}
