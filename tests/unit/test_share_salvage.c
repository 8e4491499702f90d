/* What a salvage writes and when it writes nothing: sound with gaps of the exact length, the signed record, the
 * list of damage. */
#include "gate/gate.h"
#include "salvage_world.h"
#include "share/jose.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(a_whole_vault_is_not_salvaged)
{
    vpriv_salvage_report report;
    ck_fails(salvage(&report), VPRIV_E_STATE);
    ck_assert_int_eq(access(folder, F_OK), -1);
}
END_TEST

/* Stops when so many recordings are done, looking at them (pass 1) or writing them (pass 2). */
typedef struct stop {
    int pass;
    uint64_t n_done;
    int at;
} stop;

static bool stop_there(void *user, uint64_t n_done, uint64_t n_all)
{
    stop *s = user;
    (void)n_all;
    s->at += n_done == 0;
    return s->at != s->pass || n_done != s->n_done;
}

static vpriv_status stopped(int pass, uint64_t n_done)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    stop s = {pass, n_done, 0};
    return vpriv_vault_salvage(
        h.path, h.root, h.keyring, &options, &request, folder, stop_there, &s, NULL);
}

/* Refused, or stopped, before there was any sound; the vault is damaged from the third on. */
static vpriv_status refused_salvage(int how)
{
    static const uint8_t noise[PAGE] = {1};
    switch (how) {
    case 0:
        return stopped(0, 0); /* it is whole */
    case 1:
        write_file(noise, sizeof noise);
        return stopped(0, 0);
    case 2:
        return stopped(1, 0);
    case 3:
        return stopped(1, 2);
    default:
        return stopped(2, 0); /* the record is written */
    }
}

/* A folder that was there stays, as empty as it was; one that was not is gone. */
START_TEST(what_is_refused_leaves_no_folder)
{
    static const vpriv_status wanted[] = {
        VPRIV_E_STATE, VPRIV_E_AUTH, VPRIV_E_CANCELLED, VPRIV_E_CANCELLED, VPRIV_E_CANCELLED};
    for (int how = 0; how < (int)(sizeof wanted / sizeof wanted[0]); how++) {
        if (how == 2)
            damage_schema();
        write_file(whole, n_pages * PAGE);
        ck_assert_int_eq(access(folder, F_OK), -1);
        ck_assert_int_eq(refused_salvage(how), wanted[how]);
        ck_assert(how < 2 || strstr(vpriv_error_detail(), "nothing of it is left"));
        ck_assert_msg(access(folder, F_OK) != 0, "%d: the folder is left", how);
        ck_assert_int_eq(mkdir(folder, 0700), 0);
        write_file(whole, n_pages * PAGE);
        ck_assert_int_eq(refused_salvage(how), wanted[how]);
        ck_assert_msg(rmdir(folder) == 0, "%d: the folder is gone, or something is in it", how);
    }
}
END_TEST

/* Somebody heard something: what says so stays. */
START_TEST(what_is_stopped_behind_the_first_sound_leaves_its_record)
{
    damage_schema();
    ck_assert_int_eq(stopped(2, 1), VPRIV_E_CANCELLED);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "not finished"));
    ck_assert(has_name("salvage.jws") && has_name("salvage.json") && has_name("recordings"));
    ck_assert(load(0) && is_bit_exact(0) && !load(1));
    ck_assert(!has_name("damage.json") && !has_name("rebuilt.part"));
}
END_TEST

START_TEST(what_is_in_a_folder_stays)
{
    char name[2 * PATH_BYTES];
    damage_schema();
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    snprintf(name, sizeof name, "%s/salvage.json", folder);
    const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    close(fd);
    ck_fails(stopped(0, 0), VPRIV_E_EXISTS);
    ck_assert(has_name("salvage.json"));
    ck_assert_int_eq(unlink(name), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* Where each block begins, by the blocks themselves; last the end of the sound. As it is played. */
static size_t block_starts(int i, uint64_t starts[BLOCKS_MAX])
{
    vpriv_reader *reader = NULL;
    vpi_block_entry entry;
    size_t n = 0;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &ids[i], &request, &reader));
    const uint64_t pre_skip = reader->recording->tag.pre_skip_48k;
    while (vpi_gate_next_entry(reader, &entry) == VPRIV_OK)
        if (reader->next_block > n)
            starts[n++] = reader->walk.start_48k > pre_skip ? reader->walk.start_48k - pre_skip : 0;
    starts[n] = reader->recording->finish.n_frames_48k;
    vpriv_gate_close(reader);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    return n;
}

START_TEST(a_lost_block_is_a_gap_of_its_exact_length)
{
    uint64_t starts[BLOCKS_MAX + 1];
    vpriv_salvage_report report;
    const size_t n_blocks = block_starts(0, starts);
    read_file(); /* which was opened for that, and logged */
    ck_assert_uint_ge(n_blocks, 4);
    for (size_t b = 0; b < n_blocks; b++) {
        const int64_t page = block_page(0, (int)b);
        write_file(whole, n_pages * PAGE);
        const uint8_t other = (uint8_t)~whole[page * PAGE + 2000];
        const int fd = open(h.path, O_RDWR);
        ck_assert_int_eq(pwrite(fd, &other, 1, page * PAGE + 2000), 1); /* one byte */
        close(fd);
        ck_ok(salvage(&report));
        ck_assert_uint_eq(report.n_partial, 1);
        ck_assert_uint_eq(report.n_whole, N_OPEN - 1);
        ck_assert_uint_eq(report.n_lost_frames_48k, starts[b + 1] - starts[b]);
        ck_assert(load(0));
        /* To a packet at its ends, which are played in part. */
        const uint64_t n_lost = check_invents_nothing(0);
        ck_assert_uint_le(n_lost, report.n_lost_frames_48k);
        ck_assert_uint_ge(n_lost + 2 * 960, report.n_lost_frames_48k);
        json_t *list = read_list();
        ck_assert_str_eq(listed_as(list, 0), "partial");
        json_t *lost =
            json_object_get(json_array_get(json_object_get(list, "recordings"), 0), "lost");
        ck_assert_uint_eq(json_array_size(lost), 1);
        ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(lost, 0), "from_48k")),
            (int64_t)starts[b]);
        json_decref(list);
        write_file(whole, n_pages * PAGE);
    }
}
END_TEST

#define N_PACKETS 20u
#define FRAMES    960u /* of a packet, at 48 kHz */

/* Sealed as it should be: packets, and behind them, in the block in between, one that is none (0), a mark of silence
 * that is none (1); or, in the last block, silence in place of packets, which goes on behind the end (2). */
static void record_malformed(int how)
{
    static const uint8_t none[] = {0x4b};
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES], packet[40] = {0x48};
    vpi_sealer *sealer = NULL;
    const vpi_sealer_request asked = household_request(h.ada);
    ck_ok(vpi_sealer_create(h.vault, &asked, &sealer));
    memcpy(ids[0].bytes, vpi_sealer_recording_id(sealer), sizeof ids[0].bytes);
    ck_ok(vpi_sealer_commit(sealer));
    for (uint32_t i = 0; i < 3; i++) {
        vpi_block_clear(&builder, (uint64_t)i * N_PACKETS * FRAMES);
        for (uint32_t k = 0; k < N_PACKETS && !(how == 2 && i == 2); k++)
            ck_assert(vpi_block_add_packet(&builder, packet, sizeof packet));
        if (how == 0 && i == 1)
            ck_assert(vpi_block_add_packet(&builder, none, sizeof none));
        if (how == 1 && i == 1)
            ck_assert(vpi_block_add_silence(&builder, 0));
        if (how == 2 && i == 2) /* the last of it is written as one packet of 2.5 ms */
            ck_assert(vpi_block_add_silence(&builder, (N_PACKETS + 4) * FRAMES + 120));
        vpi_block_finish(&builder, plain);
        if (i < 2)
            ck_ok(vpi_sealer_write(sealer, plain, 1));
    }
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 3 * N_PACKETS * FRAMES));
    vpi_sealer_destroy(sealer);
}

START_TEST(a_block_that_is_none_inside_costs_that_block_alone)
{
    vpriv_salvage_report report;
    const bool is_whole = _i == 2;
    size_t n_packets = 0;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    record_malformed(_i);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    damage_schema();
    ck_ok(salvage(&report));
    ck_assert_uint_eq(report.n_partial, !is_whole);
    ck_assert_uint_eq(report.n_whole, is_whole ? N_OPEN + 1 : N_OPEN);
    ck_assert_uint_eq(report.n_lost_frames_48k, is_whole ? 0 : N_PACKETS * FRAMES);
    ck_assert(load(0));
    for (size_t i = 0; i < found.n; i++)
        n_packets += found.items[i].n_bytes > 1;
    ck_assert_uint_eq(n_packets, 2 * N_PACKETS);
    ck_assert_uint_eq(found.length_48k, 3 * N_PACKETS * FRAMES);
    json_t *list = read_list();
    ck_assert_str_eq(listed_as(list, 0), is_whole ? "whole" : "partial");
    char *text = json_dumps(list, 0);
    ck_assert(is_whole || strstr(text, "1 of 3 blocks of recording"));
    free(text);
    json_decref(list);
}
END_TEST

START_TEST(an_old_copy_is_refused_and_a_vault_in_use_too)
{
    vpriv_salvage_report report;
    static const uint8_t zeros[PAGE];
    int ready[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    const pid_t child = fork(); /* before this process opens it: SQLite must not be carried over */
    if (child == 0) {
        vpriv_vault *vault = NULL;
        ck_ok(household_open_vault(&h, h.path, &vault));
        ck_assert_int_eq(write(ready[1], &byte, 1), 1);
        pause();
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_vault_erase(h.vault, &ids[0], 1, NULL));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_fails(salvage(&report), VPRIV_E_BUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    char wal[PATH_BYTES + 8];
    snprintf(wal, sizeof wal, "%s-wal", h.path);
    unlink(wal);
    write_file(whole, n_pages * PAGE); /* as it was before the erasure, and damaged */
    const int fd = open(h.path, O_RDWR);
    ck_assert_int_eq(pwrite(fd, zeros, PAGE, block_page(1, 1) * PAGE), PAGE);
    close(fd);
    ck_fails(salvage(&report), VPRIV_E_ROLLBACK);
    ck_assert(!has_name("recordings"));
}
END_TEST

static size_t read_text(const char *name, char *text_out, size_t capacity)
{
    char path[PATH_BYTES * 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n = fread(text_out, 1, capacity, file);
    ck_assert_uint_lt(n, capacity);
    fclose(file);
    return n;
}

/* The list beside the record is the one that was signed. */
static void check_details(const json_t *details, const vpriv_salvage_report *report)
{
    static char text[1 << 20];
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    const size_t n =
        read_text(json_string_value(json_object_get(details, "file")), text, sizeof text);
    crypto_hash_sha256(hash, (const uint8_t *)text, n);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    ck_assert_str_eq(json_string_value(json_object_get(details, "sha256")), hex);
    json_t *list = json_loadb(text, n, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "opens")), N_OPEN);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "damage")), report->n_damages);
    json_decref(list);
}

START_TEST(the_record_is_signed_and_says_who)
{
    vpriv_salvage_report report;
    static const uint8_t zeros[PAGE];
    static char text[1 << 16];
    const int fd = open(h.path, O_RDWR);
    ck_assert_int_eq(pwrite(fd, zeros, PAGE, block_page(1, 1) * PAGE), PAGE);
    close(fd);
    ck_ok(salvage(&report));
    const size_t n = read_text("salvage.jws", text, sizeof text);
    char *payload = NULL;
    size_t n_payload = 0;
    ck_ok(vpi_jose_open(text, n, h.keyring->device_public_key, &payload, &n_payload));
    json_t *record = json_loadb(payload, n_payload, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(record, "actor")), "ada");
    ck_assert_str_eq(json_string_value(json_object_get(record, "reason")), "the disk is broken");
    ck_assert_int_eq(json_integer_value(json_object_get(record, "n_opens")), N_OPEN);
    check_details(json_object_get(record, "details"), &report);
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(record, "note")), "could not take this"));
    json_decref(record);
    free(payload);
}
END_TEST

/* Pages behind the vault's own, each with as many cells as fit, and none that is one: one finding each; and so
 * many of them that a list of all could not be signed. */
START_TEST(what_is_whole_comes_out_however_much_is_damaged)
{
    static uint8_t noise[PAGE] = {0x0d, 0, 0, 2040 >> 8, 2040 & 0xff};
    static const size_t n_bad[] = {8, 16000};
    vpriv_salvage_report report;
    for (size_t i = 0; i < 2; i++) {
        const int fd = open(h.path, O_RDWR);
        for (size_t page = 0; page < n_bad[i]; page++)
            ck_assert_int_eq(pwrite(fd, noise, PAGE, (off_t)((n_pages + page) * PAGE)), PAGE);
        close(fd);
        ck_ok(salvage(&report));
        ck_assert_uint_eq(report.n_damages, n_bad[i]);
        ck_assert_uint_eq(report.n_whole, N_OPEN);
        for (int r = 0; r < N_OPEN; r++)
            ck_assert(load(r) && is_bit_exact(r));
        ck_assert(has_name("salvage.jws") && has_name("salvage.json"));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share salvage");
    TCase *tests = tcase_create("salvage");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, a_whole_vault_is_not_salvaged);
    tcase_add_test(tests, what_is_refused_leaves_no_folder);
    tcase_add_test(tests, what_is_stopped_behind_the_first_sound_leaves_its_record);
    tcase_add_test(tests, what_is_in_a_folder_stays);
    tcase_add_test(tests, a_lost_block_is_a_gap_of_its_exact_length);
    tcase_add_loop_test(tests, a_block_that_is_none_inside_costs_that_block_alone, 0, 3);
    tcase_add_test(tests, the_record_is_signed_and_says_who);
    tcase_add_test(tests, what_is_whole_comes_out_however_much_is_damaged);
    tcase_add_test(tests, an_old_copy_is_refused_and_a_vault_in_use_too);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
