#include "fault/attacked_world.h"
#include "fault/keeper.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_US   INT64_C(1790000000000000)
#define HOUR_US    INT64_C(3600000000)
#define LINE_BYTES 2048
#define TEXT       "We keep what you say so that you can hear it again."

void world_must(vpriv_status status, const char *what)
{
    if (status == VPRIV_OK)
        return;
    fprintf(
        stderr, "attacked: %s: %s: %s\n", what, vpriv_status_text(status), vpriv_error_detail());
    exit(1);
}

void world_hex(const uint8_t *id, char hex_out[33])
{
    sodium_bin2hex(hex_out, 33, id, 16);
}

static bool unhex(const char *hex, uint8_t id_out[16])
{
    size_t n = 0;
    return sodium_hex2bin(id_out, 16, hex, strlen(hex), NULL, &n, NULL) == 0 && n == 16;
}

void world_tell(struct world *world, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof line - 1)
        abort();
    line[n] = '\n';
    if (write(world->told_fd, line, (size_t)n + 1) != n + 1)
        abort();
}

/* ---- What is known of it ---- */

static struct person *person_of(struct world *world, const char *hex)
{
    uint8_t id[16];
    for (size_t i = 0; unhex(hex, id) && i < WORLD_PEOPLE_MAX; i++)
        if (world->people[i].is_here && memcmp(world->people[i].id, id, 16) == 0)
            return &world->people[i];
    return NULL;
}

struct person *world_latest(struct world *world)
{
    return &world->people[world->latest];
}

static void learn_person(struct world *world, const char *hex)
{
    size_t i = 0;
    while (i < WORLD_PEOPLE_MAX && world->people[i].is_here)
        i++;
    if (i == WORLD_PEOPLE_MAX)
        abort();
    world->latest = i;
    world->people[i] = (struct person){.number = world->n_people++, .is_here = true};
    if (!unhex(hex, world->people[i].id))
        abort();
}

static void learn_recording(struct world *world, const char *hex)
{
    if (world->n_kept == world->room_kept) {
        world->room_kept = world->room_kept ? 2 * world->room_kept : 256;
        world->kept = realloc(world->kept, world->room_kept * sizeof *world->kept);
        if (!world->kept)
            abort();
    }
    struct kept *kept = &world->kept[world->n_kept++];
    kept->is_alive = true;
    if (!unhex(hex, kept->id))
        abort();
    world->n_recorded++;
}

/* From a line behind "did ". */
static void learn(struct world *world, const char *line)
{
    char verb[16] = "", first[64] = "", second[64] = "", third[64] = "", fourth[64] = "";
    sscanf(line, "%15s %63s %63s %63s %63s", verb, first, second, third, fourth);
    struct person *person = person_of(world, first);
    if (strcmp(verb, "person") == 0)
        learn_person(world, second);
    else if (strcmp(verb, "give") == 0 && person) {
        person->gave[atoi(second)] = true;
        person->covers_past[atoi(second)] = atoi(third) != 0;
    } else if (strcmp(verb, "withdraw") == 0 && person) {
        person->gave[atoi(second)] = false;
        world->n_withdrawn++;
    } else if (strcmp(verb, "forget") == 0 && person) {
        person->is_here = false;
        world->n_forgotten++;
    } else if (strcmp(verb, "record") == 0)
        learn_recording(world, first);
    else if (strcmp(verb, "expire") == 0)
        world->n_expired++;
    else if (strcmp(verb, "erase") == 0)
        for (const char *at = strchr(line, ' '); at; at = strchr(at + 1, ' '))
            world->n_erased++;
    else if (strcmp(verb, "derive") == 0) {
        world->made.is_there = unhex(fourth, world->made.id);
        snprintf(world->made.token, sizeof world->made.token, "%.31s", third);
    } else if (strcmp(verb, "underive") == 0)
        world->made.is_there = false;
}

static struct kept *kept_of(struct world *world, const uint8_t *id)
{
    for (size_t i = 0; i < world->n_kept; i++)
        if (memcmp(world->kept[i].id, id, 16) == 0)
            return &world->kept[i];
    return NULL;
}

/* ---- Recordings, as the vault has them ---- */

static void tell_recording(struct world *world, const vpriv_recording_info *info)
{
    char id[33], line[LINE_BYTES];
    world_hex(info->id.bytes, id);
    int n = snprintf(line, sizeof line, "record %s %u %lld %lld", id, (unsigned)info->purposes,
        (long long)info->started_us, (long long)info->expires_us);
    for (uint32_t i = 0; i < info->n_subjects; i++) {
        world_hex(info->subjects[i], id);
        n += snprintf(line + n, sizeof line - (size_t)n, " %s", id);
    }
    world_tell(world, "did %s", line);
    learn(world, line);
}

void world_told_recording(struct world *world, const uint8_t *id)
{
    vpriv_recording_info info = {.struct_size = sizeof info};
    vpriv_recording_id recording;
    memcpy(recording.bytes, id, sizeof recording.bytes);
    world_must(vpriv_recording_about(world->vault, &recording, &info), "about");
    tell_recording(world, &info);
}

static bool note_recording(void *user, const vpriv_recording_info *info)
{
    struct world *world = user;
    struct kept *kept = kept_of(world, info->id.bytes);
    if (kept)
        kept->is_alive = true;
    else
        tell_recording(world, info);
    return true;
}

/* What is there, and was not told of yet. */
static void look_around(struct world *world)
{
    for (size_t i = 0; i < world->n_kept; i++)
        world->kept[i].is_alive = false;
    world_must(vpriv_recording_list(world->vault, NULL, note_recording, world), "list");
}

void world_open(struct world *world)
{
    world_must(vpriv_root_file_open(world->root_path, &world->root), "root");
    world_must(vpriv_vault_open(world->path, world->root, &world->options, &world->vault), "open");
    world_must(vpriv_vault_tidy(world->vault, 50, NULL), "tidy"); /* adopts */
    look_around(world);
}

void world_close(struct world *world)
{
    vpriv_vault_close(world->vault);
    vpriv_root_close(world->root);
    world->vault = NULL;
    world->root = NULL;
}

/* ---- Doing ---- */

struct hearing {
    struct world *world;
    vpriv_purpose purpose;
};

static bool hear(void *user, const vpriv_recording_info *info)
{
    const struct hearing *hearing = user;
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = hearing->purpose, .actor = "attacked"};
    vpriv_reader *reader = NULL;
    char id[33];
    world_hex(info->id.bytes, id);
    const vpriv_status st =
        vpriv_gate_open(hearing->world->vault, hearing->world->owner, &info->id, &request, &reader);
    vpriv_gate_close(reader);
    world_tell(hearing->world, "now %s %d %d", id, (int)hearing->purpose, st == VPRIV_OK);
    return true;
}

static vpriv_status apply_to_past(
    struct world *world, const struct person *person, vpriv_purpose purpose)
{
    vpriv_past_report report = {.struct_size = sizeof report};
    const vpriv_recording_filter filter = {.struct_size = sizeof filter, .subject = person->id};
    struct hearing hearing = {world, purpose};
    const vpriv_status st = vpriv_consent_apply_to_past(
        world->vault, world->owner, person->id, purpose, "attacked", NULL, NULL, &report);
    if (st == VPRIV_OK)
        world_must(vpriv_recording_list(world->vault, &filter, hear, &hearing), "past");
    return st;
}

static vpriv_status erase(struct world *world, const char *line)
{
    vpriv_recording_id ids[8];
    size_t n = 0;
    for (const char *at = strchr(line, ' '); at && n < 8; at = strchr(at + 1, ' ')) {
        char hex[33];
        snprintf(hex, sizeof hex, "%.32s", at + 1);
        n += unhex(hex, ids[n].bytes);
    }
    return n > 0 ? vpriv_vault_erase(world->vault, ids, n, NULL) : VPRIV_E_NOT_FOUND;
}

static vpriv_status give(struct world *world, const struct person *person, vpriv_purpose purpose,
    bool covers_past, int hours)
{
    char term[32];
    snprintf(term, sizeof term, "PT%dH", hours);
    const vpriv_consent_evidence evidence = {.struct_size = sizeof evidence,
        .notice_id = "history",
        .covers_past = covers_past,
        .retention = hours ? term : NULL};
    return vpriv_consent_give(world->vault, person->id, purpose, &evidence, NULL);
}

static vpriv_status expire(struct world *world)
{
    vpriv_retention_report report = {.struct_size = sizeof report};
    vpriv_status st = VPRIV_OK;
    while (st == VPRIV_OK && !report.is_done) {
        st = vpriv_retention_run(world->vault, 1000, &report);
        if (st == VPRIV_OK && report.is_held) {
            st = vpriv_retention_trust_clock(world->vault, "attacked");
            report.is_done = false;
        }
    }
    return st;
}

static vpriv_status pause_for_a_while(struct world *world)
{
    const uint32_t improving = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_IMPROVE_BY_MACHINE);
    const vpriv_status st = vpriv_purpose_pause(world->vault, improving, "attacked", "trial");
    return st == VPRIV_OK ? vpriv_purpose_resume(world->vault, improving, "attacked", "over") : st;
}

static vpriv_status derive(struct world *world, const uint8_t *recording, int purpose,
    const char *token, char more_out[80])
{
    const vpriv_derivative derivative = {.struct_size = sizeof derivative,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .made_by = "attacked",
        .purposes = VPRIV_PURPOSE_BIT(purpose)};
    vpriv_derivative_id id;
    vpriv_recording_id from;
    memcpy(from.bytes, recording, sizeof from.bytes);
    const vpriv_status st =
        vpriv_derivative_add(world->vault, &from, &derivative, token, strlen(token), &id);
    if (st == VPRIV_OK)
        world_hex(id.bytes, more_out);
    return st;
}

static vpriv_status add_speaker(
    struct world *world, const uint8_t *recording, const struct person *person)
{
    vpriv_recording_id id;
    memcpy(id.bytes, recording, sizeof id.bytes);
    return vpriv_recording_add_speaker(world->vault, &id, person ? person->id : NULL,
        VPRIV_SUBJECT_GUEST, "attacked", "heard", NULL);
}

static vpriv_status act(struct world *world, const char *line, char more_out[80])
{
    char verb[16] = "", first[64] = "", second[64] = "", third[64] = "", fourth[64] = "";
    uint8_t id[16] = {0};
    vpriv_derivative_id derivative;
    sscanf(line, "%15s %63s %63s %63s %63s", verb, first, second, third, fourth);
    const struct person *person = person_of(world, first);
    (void)unhex(first, id);
    if (strcmp(verb, "expire") == 0)
        world->clock->now_us += 20 * HOUR_US;
    if (strcmp(verb, "person") == 0) {
        const vpriv_status st =
            vpriv_subject_add(world->vault, VPRIV_SUBJECT_USER, first, NULL, id);
        world_hex(id, more_out);
        return st;
    }
    if (strcmp(verb, "erase") == 0)
        return erase(world, line);
    if (strcmp(verb, "expire") == 0 || strcmp(verb, "speaker") == 0)
        snprintf(more_out, 80, "%lld", (long long)world->clock->now_us);
    if (strcmp(verb, "expire") == 0)
        return expire(world);
    if (strcmp(verb, "pause") == 0)
        return pause_for_a_while(world);
    if (strcmp(verb, "derive") == 0)
        return derive(world, id, atoi(second), third, more_out);
    if (strcmp(verb, "speaker") == 0)
        return add_speaker(world, id, person_of(world, second));
    memcpy(derivative.bytes, id, sizeof derivative.bytes);
    if (strcmp(verb, "underive") == 0)
        return vpriv_derivative_erase(world->vault, &derivative, NULL);
    if (!person)
        return VPRIV_E_NOT_FOUND;
    if (strcmp(verb, "give") == 0)
        return give(world, person, (vpriv_purpose)atoi(second), atoi(third) != 0, atoi(fourth));
    if (strcmp(verb, "withdraw") == 0)
        return vpriv_consent_withdraw(
            world->vault, person->id, (vpriv_purpose)atoi(second), NULL, NULL);
    if (strcmp(verb, "past") == 0)
        return apply_to_past(world, person, (vpriv_purpose)atoi(second));
    if (strcmp(verb, "forget") == 0)
        return vpriv_subject_erase(world->vault, person->id, NULL);
    abort();
}

/* Not possible as things are; or, behind a kill, done already. */
static bool is_answer(vpriv_status st)
{
    return st == VPRIV_E_NOT_FOUND || st == VPRIV_E_ERASED || st == VPRIV_E_STATE ||
           st == VPRIV_E_CONSENT || st == VPRIV_E_EXISTS;
}

static void do_it(struct world *world, const char *line, bool again)
{
    char more[80] = "", whole[LINE_BYTES];
    const vpriv_status st = act(world, line, more);
    if (st != VPRIV_OK && !is_answer(st))
        world_must(st, line);
    if (st != VPRIV_OK && !again) {
        world_tell(world, "did not %s: %s", line, vpriv_status_text(st));
        return;
    }
    snprintf(whole, sizeof whole, "%s%s%s", line, more[0] ? " " : "", more);
    world_tell(world, "did %s", whole);
    learn(world, whole);
    if (strncmp(line, "forget", 6) == 0 || strncmp(line, "expire", 6) == 0 ||
        strncmp(line, "speaker", 7) == 0)
        look_around(world);
}

void world_do(struct world *world, const char *line)
{
    world_tell(world, "do %s", line);
    do_it(world, line, false);
}

/* ---- Beginning ---- */

static struct world_clock *map_clock(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(struct world_clock)) != 0)
        abort();
    struct world_clock *clock =
        mmap(NULL, sizeof *clock, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (clock == MAP_FAILED)
        abort();
    if (clock->now_us == 0)
        clock->now_us = FIRST_US;
    return clock;
}

static int64_t tick(void *user)
{
    struct world_clock *clock = user;
    return clock->now_us += 1000;
}

static void settle_in(struct world *world)
{
    vpriv_keyring *credential = NULL;
    const vpriv_notice notice = {.struct_size = sizeof notice,
        .id = "history",
        .version = "1",
        .language = "en",
        .text = TEXT,
        .text_bytes = sizeof TEXT - 1};
    world_must(vpriv_root_file_open(world->root_path, &world->root), "root");
    world_must(
        vpriv_vault_create(world->path, world->root, &world->options, &world->owner, &world->vault),
        "create");
    world_must(vpriv_keyring_save(world->owner, world->owner_path), "save");
    world_must(vpriv_vault_capture_credential(world->vault, &credential), "credential");
    world_must(vpriv_keyring_save(credential, world->credential_path), "save");
    vpriv_keyring_close(credential);
    world_must(vpriv_notice_add(world->vault, &notice, NULL), "notice");
    world_tell(world, "did begin");
}

/* Learn what was told; what was begun last, and not ended, is left in `begun_out`. */
static void learn_all(struct world *world, const char *told, char begun_out[LINE_BYTES])
{
    char line[LINE_BYTES];
    FILE *file = fopen(told, "r");
    begun_out[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "do ", 3) == 0)
            strcpy(begun_out, line + 3);
        if (strncmp(line, "did ", 4) == 0) {
            begun_out[0] = '\0';
            learn(world, line + 4);
        }
    }
    if (file)
        fclose(file);
}

/* Giving twice would make another consent of it. */
static bool is_given(struct world *world, const char *line);

struct search {
    vpriv_purpose purpose;
    bool is_given;
};

static bool look_at_consent(void *user, const vpriv_consent_record *record)
{
    struct search *search = user;
    if (record->purpose == search->purpose)
        search->is_given = record->event.state == VPRIV_CONSENT_GIVEN ||
                           record->event.state == VPRIV_CONSENT_RENEWED;
    return true;
}

static bool is_given(struct world *world, const char *line)
{
    char first[64] = "";
    int purpose = 0;
    if (sscanf(line, "give %63s %d", first, &purpose) != 2)
        return false;
    struct search search = {.purpose = (vpriv_purpose)purpose};
    const struct person *person = person_of(world, first);
    if (person)
        world_must(
            vpriv_consent_list(world->vault, person->id, false, look_at_consent, &search), "list");
    return search.is_given;
}

static void finish(struct world *world, const char *begun)
{
    const bool is_lost = strncmp(begun, "record", 6) == 0 || strncmp(begun, "derive", 6) == 0 ||
                         strncmp(begun, "person", 6) == 0;
    if (is_lost)
        world_tell(world, "did lose %s", begun);
    else if (is_given(world, begun)) {
        world_tell(world, "did %s", begun);
        learn(world, begun);
    } else if (begun[0])
        do_it(world, begun, true);
}

void world_begin(struct world *world, const char *folder, uint64_t die_after)
{
    char path[WORLD_PATH_BYTES], begun[LINE_BYTES];
    snprintf(world->path, sizeof world->path, "%.200s/vault", folder);
    snprintf(world->root_path, sizeof world->root_path, "%.200s/root", folder);
    snprintf(world->owner_path, sizeof world->owner_path, "%.200s/owner", folder);
    snprintf(world->credential_path, sizeof world->credential_path, "%.200s/credential", folder);
    snprintf(path, sizeof path, "%.200s/clock", folder);
    world->clock = map_clock(path);
    world->options = (vpriv_vault_options){
        .struct_size = sizeof world->options, .clock = tick, .clock_user = world->clock};
    snprintf(path, sizeof path, "%.200s/told", folder);
    learn_all(world, path, begun);
    world->told_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (world->told_fd < 0 || sodium_init() < 0)
        abort();
    snprintf(path, sizeof path, "%.200s/journal", folder);
    keeper_start(path, die_after);
    if (access(world->owner_path, F_OK) != 0) {
        settle_in(world);
        return;
    }
    world_must(vpriv_keyring_load(world->owner_path, &world->owner), "owner");
    world_tell(world, "again");
    world_open(world);
    finish(world, begun);
}
