/* A scripted life of a vault, every write of which is kept (keeper.h); told as it goes, line by line, to
 * somebody who will judge an attacker:
 *
 *     attacked FOLDER SEED DIE-AFTER RECORDINGS ERASURES WITHDRAWALS [leak]
 *
 * FOLDER holds the vault, its root key file, the owner's keyring, a capture credential, the clock, the
 * journal of writes, and `told`: before something is done that must not be forgotten "do VERB …", and
 * behind it "did VERB …". After a kill the same call goes on: what was begun is done again, or said to be
 * lost. Exits with 0 when the life is over. With "leak" the last erasure destroys no key. */
#include "fault/attacked_world.h"
#include "fault/keeper.h"
#include "vault/sealer.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static struct world world;
static unsigned seed;
static bool leaks, leaks_now;

static unsigned pick(unsigned n)
{
    return n > 0 ? (unsigned)rand_r(&seed) % n : 0;
}

static bool chance(unsigned percent)
{
    return pick(100) < percent;
}

/* ---- What is wrapped: the truth about blocks, and the control ---- */

void __real_vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *plain, uint8_t *block_out);
void __wrap_vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *plain, uint8_t *block_out);
void __wrap_vpi_block_seal(const vpi_recording_keys *keys, const vpi_recording_bond *bond,
    uint64_t sequence, bool is_final, const uint8_t *plain, uint8_t *block_out)
{
    uint8_t hash[32];
    char id[33], hex[65];
    __real_vpi_block_seal(keys, bond, sequence, is_final, plain, block_out);
    crypto_generichash(hash, sizeof hash, plain, VPI_BLOCK_PLAIN_BYTES, NULL, 0);
    sodium_bin2hex(id, sizeof id, bond->recording_id, 16);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    world_tell(&world, "seals %s %llu %s", id, (unsigned long long)sequence, hex);
}

vpriv_status __real_vpi_tree_shred(vpi_tree *tree, vpi_tree_change *changes, size_t n_changes,
    const void *head, size_t n_head_bytes);
vpriv_status __wrap_vpi_tree_shred(vpi_tree *tree, vpi_tree_change *changes, size_t n_changes,
    const void *head, size_t n_head_bytes);
vpriv_status __wrap_vpi_tree_shred(vpi_tree *tree, vpi_tree_change *changes, size_t n_changes,
    const void *head, size_t n_head_bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < n_changes; i++)
        if (!leaks_now || changes[i].key)
            changes[n++] = changes[i];
    return __real_vpi_tree_shred(tree, changes, n, head, n_head_bytes);
}

/* ---- Recording ---- */

static void fill(uint8_t plain[VPI_BLOCK_PLAIN_BYTES])
{
    vpi_block_builder builder;
    vpi_block_clear(&builder, 0);
    for (unsigned n = 1 + pick(25); n > 0; n--) {
        uint8_t packet[150];
        for (size_t i = 0; i < sizeof packet; i++)
            packet[i] = (uint8_t)rand_r(&seed);
        vpi_block_add_packet(&builder, packet, 1 + pick(sizeof packet));
    }
    vpi_block_finish(&builder, plain);
}

static vpi_sealer *begin(vpriv_vault *vault, const struct person *const *speakers, size_t n)
{
    static const vpriv_retention terms[] = {VPRIV_RETENTION_ERASED_ONLY,
        VPRIV_RETENTION_ERASED_ONLY, VPRIV_RETENTION_48_HOURS, VPRIV_RETENTION_90_DAYS};
    vpi_sealer_request request = {.required = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY),
        .optional = UINT32_MAX & ~VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    vpi_sealer *sealer = NULL;
    for (size_t i = 0; i < n; i++)
        memcpy(request.tag.subjects[i], speakers[i]->id, VPRIV_SUBJECT_ID_BYTES);
    if (n == 2 && memcmp(request.tag.subjects[0], request.tag.subjects[1], 16) > 0) {
        memcpy(request.tag.subjects[0], speakers[1]->id, VPRIV_SUBJECT_ID_BYTES);
        memcpy(request.tag.subjects[1], speakers[0]->id, VPRIV_SUBJECT_ID_BYTES);
    }
    request.tag.n_subjects = (uint32_t)n;
    request.tag.all_identified = VPRIV_FACT_YES;
    request.tag.trigger = VPRIV_TRIGGER_TAP;
    request.tag.retention = terms[pick(4)];
    request.tag.rate_hz = 16000;
    request.tag.n_channels = 1;
    world_must(vpi_sealer_create(vault, &request, &sealer), "begin");
    return sealer;
}

static struct person *anybody(vpriv_purpose purpose)
{
    for (unsigned i = 0, n = pick(WORLD_PEOPLE_MAX); i < WORLD_PEOPLE_MAX; i++) {
        struct person *person = &world.people[(i + n) % WORLD_PEOPLE_MAX];
        if (person->is_here && person->gave[purpose])
            return person;
    }
    return NULL;
}

/* Kept, or a trigger that was not meant. */
static void record_into(vpriv_vault *vault, bool meant)
{
    const struct person *speakers[2] = {anybody(VPRIV_PURPOSE_KEEP_HISTORY), NULL};
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    bool closed = false;
    char id[33];
    size_t n = 1;
    if (!speakers[0])
        return;
    if (chance(8) && (speakers[1] = anybody(VPRIV_PURPOSE_KEEP_HISTORY)) != speakers[0])
        n = 2;
    vpi_sealer *sealer = begin(vault, speakers, n);
    world_hex(vpi_sealer_recording_id(sealer), id);
    if (!meant || chance(30)) {
        fill(plain);
        world_must(vpi_sealer_write(sealer, plain, 1), "write");
    }
    if (meant) {
        world_tell(&world, "do record %s", id);
        world_must(vpi_sealer_commit(sealer), "commit");
        for (unsigned i = pick(3); i > 0; i--) {
            fill(plain);
            world_must(vpi_sealer_write(sealer, plain, 1), "write");
        }
        fill(plain);
        world_must(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0), "finish");
        if (vault == world.vault)
            world_told_recording(&world, vpi_sealer_recording_id(sealer));
    } else {
        world_must(vpi_sealer_reject(sealer, 0, &closed), "reject");
        world_tell(&world, "did reject %s", id);
    }
    vpi_sealer_destroy(sealer);
}

/* All of the way, from samples. */
static void record_sound(void)
{
    const vpriv_trigger button = {.struct_size = sizeof button, .kind = VPRIV_TRIGGER_BUTTON};
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 16000, 1};
    const struct person *speaker = anybody(VPRIV_PURPOSE_KEEP_HISTORY);
    int16_t frames[1600];
    size_t n_taken = 0;
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    if (!speaker)
        return;
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = speaker->id,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .no_trailing_silence = true,
        .retention = VPRIV_RETENTION_ERASED_ONLY};
    for (size_t i = 0; i < 1600; i++)
        frames[i] = (int16_t)rand_r(&seed);
    world_must(vpriv_capture_push_open(&format, 1000, &source), "source");
    world_must(vpriv_capture_push_write(source, frames, 1600, &n_taken), "push");
    world_must(vpriv_capture_push_end(source), "end");
    world_must(vpriv_recorder_open(world.vault, source, &config, &recorder), "recorder");
    world_must(vpriv_recorder_run(recorder, &button, &outcome), "run");
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    if (outcome.is_stored)
        world_told_recording(&world, outcome.recording.bytes);
}

/* A process without the root. */
static void capture(void)
{
    vpriv_keyring *credential = NULL;
    vpriv_vault *vault = NULL;
    world_close(&world);
    world_must(vpriv_keyring_load(world.credential_path, &credential), "credential");
    world_must(vpriv_vault_open_for_capture(world.path, credential, &world.options, &vault),
        "open for capture");
    record_into(vault, true);
    record_into(vault, false);
    record_into(vault, true);
    vpriv_vault_close(vault);
    vpriv_keyring_close(credential);
    world_open(&world);
}

/* ---- Destroying, and choosing ---- */

static struct kept *any_recording(void)
{
    for (size_t i = 0, n = pick((unsigned)world.n_kept); i < world.n_kept; i++)
        if (world.kept[(i + n) % world.n_kept].is_alive)
            return &world.kept[(i + n) % world.n_kept];
    return NULL;
}

static void erase_some(size_t n_wanted)
{
    char line[1024] = "erase";
    for (size_t i = 0; i < n_wanted; i++) {
        struct kept *kept = any_recording();
        char id[33];
        if (!kept)
            break;
        kept->is_alive = false;
        world_hex(kept->id, id);
        strcat(strcat(line, " "), id);
    }
    leaks_now = leaks && world.n_erased + n_wanted >= world.n_erased_wanted;
    world_do(&world, line);
    leaks_now = false;
}

static void say(const char *verb, const uint8_t *subject, const char *rest)
{
    char id[33], line[256];
    world_hex(subject, id);
    snprintf(line, sizeof line, "%s %s %s", verb, id, rest);
    world_do(&world, line);
}

static void give(const struct person *person, vpriv_purpose purpose, bool covers_past)
{
    char rest[32];
    snprintf(rest, sizeof rest, "%d %d %d", (int)purpose, covers_past,
        purpose == VPRIV_PURPOSE_IMPROVE_BY_MACHINE ? 72 : 0);
    say("give", person->id, rest);
}

/* Every other person changes their mind. */
static void withdraw(void)
{
    char rest[8];
    for (int i = 0; i < 200; i++) {
        struct person *person = &world.people[pick(WORLD_PEOPLE_MAX)];
        const vpriv_purpose purpose =
            VPRIV_PURPOSE_KEEP_HISTORY + (vpriv_purpose)pick(WORLD_PURPOSES);
        if (!person->is_here || !person->gave[purpose] || !(person->number & 1))
            continue;
        snprintf(rest, sizeof rest, "%d", (int)purpose);
        say("withdraw", person->id, rest);
        return;
    }
}

static void give_what_is_missing(void)
{
    for (size_t i = 0; i < WORLD_PEOPLE_MAX; i++)
        for (unsigned p = 0; p < WORLD_PURPOSES; p++)
            if (world.people[i].is_here && !world.people[i].gave[VPRIV_PURPOSE_KEEP_HISTORY + p] &&
                chance(25)) {
                const vpriv_purpose purpose = VPRIV_PURPOSE_KEEP_HISTORY + p;
                const bool past = chance(40);
                char rest[8];
                give(&world.people[i], purpose, past);
                snprintf(rest, sizeof rest, "%d", (int)purpose);
                if (past && chance(60))
                    say("past", world.people[i].id, rest);
                return;
            }
}

static void reach_back(void)
{
    for (unsigned i = 0, n = pick(99); i < WORLD_PEOPLE_MAX * WORLD_PURPOSES; i++) {
        const struct person *person = &world.people[(i + n) % WORLD_PEOPLE_MAX];
        const int purpose =
            VPRIV_PURPOSE_KEEP_HISTORY + (int)((i + n) / WORLD_PEOPLE_MAX % WORLD_PURPOSES);
        char rest[16];
        if (!person->is_here || !person->gave[purpose] || !person->covers_past[purpose])
            continue;
        snprintf(rest, sizeof rest, "%d", purpose);
        say("past", person->id, rest);
        return;
    }
}

static void move_in(void)
{
    char line[64];
    snprintf(line, sizeof line, "person Somebody-%u-%08x", world.n_people, (unsigned)rand_r(&seed));
    world_do(&world, line);
    struct person *person = world_latest(&world);
    for (unsigned p = 0; p < WORLD_PURPOSES; p++)
        if (p == 0 || chance(80))
            give(person, VPRIV_PURPOSE_KEEP_HISTORY + p, p > 0 && chance(30));
}

static void derive_something(void)
{
    const struct kept *kept = any_recording();
    char rest[64];
    if (!kept)
        return;
    snprintf(rest, sizeof rest, "%d Token-%08x-%08x", 2 + (int)pick(WORLD_PURPOSES),
        (unsigned)rand_r(&seed), (unsigned)rand_r(&seed));
    say("derive", kept->id, rest);
}

static void add_speaker(void)
{
    struct kept *kept = any_recording();
    const struct person *person = anybody(VPRIV_PURPOSE_KEEP_HISTORY);
    char id[33];
    if (!kept || !person)
        return;
    world_hex(person->id, id);
    say("speaker", kept->id, chance(20) ? "guest" : id);
}

static void something_else(unsigned what)
{
    if (what < 6)
        derive_something();
    else if (what < 8 && world.made.is_there)
        say("underive", world.made.id, world.made.token);
    else if (what < 11)
        add_speaker();
    else if (what < 13)
        world_do(&world, "pause");
    else if (what < 17)
        capture();
    else if (what < 20)
        record_into(world.vault, false);
    else if (what < 24)
        record_sound();
    else if (what < 25 && world.n_recorded * 6 > world.n_forgotten * world.n_recorded_wanted) {
        say("forget", world.people[pick(WORLD_PEOPLE_MAX)].id, "");
        move_in();
    } else if (what < 27) {
        world_close(&world);
        world_open(&world);
    } else if (what < 28)
        world_must(vpriv_vault_tidy(world.vault, 50, NULL), "tidy");
    else if (what < 29)
        reach_back();
    else
        give_what_is_missing();
}

static void live(void)
{
    while (world.n_people < WORLD_PEOPLE_MAX)
        move_in();
    for (;;) {
        const size_t n_due = world.n_recorded * 100 / world.n_recorded_wanted;
        world.clock->now_us += 1000000;
        if (world.n_expired * 100 < n_due * 8)
            world_do(&world, "expire");
        else if (world.n_erased < world.n_erased_wanted &&
                 world.n_erased * 100 < n_due * world.n_erased_wanted) {
            const size_t left = world.n_erased_wanted - world.n_erased;
            erase_some(chance(80) || left < 3 ? 1 : 3);
        } else if (world.n_withdrawn < world.n_withdrawn_wanted &&
                   world.n_withdrawn * 100 < n_due * world.n_withdrawn_wanted) {
            withdraw();
            give_what_is_missing();
        } else if (world.n_recorded >= world.n_recorded_wanted)
            break;
        else if (chance(30))
            something_else((unsigned)(world.clock->n_others++ * 7 % 32)); /* each in turn */
        else
            record_into(world.vault, true);
    }
    world_do(&world, "expire");
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "usage: attacked FOLDER SEED DIE-AFTER RECORDINGS ERASURES WITHDRAWALS\n");
        return 2;
    }
    seed = (unsigned)strtoul(argv[2], NULL, 10);
    world.n_recorded_wanted = strtoul(argv[4], NULL, 10);
    world.n_erased_wanted = strtoul(argv[5], NULL, 10);
    world.n_withdrawn_wanted = strtoul(argv[6], NULL, 10);
    leaks = argc > 7 && strcmp(argv[7], "leak") == 0;
    world_begin(&world, argv[1], strtoull(argv[3], NULL, 10));
    live();
    world_close(&world);
    return 0;
}
