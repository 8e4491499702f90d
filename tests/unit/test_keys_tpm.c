/* The TPM 2.0 root store against a real software TPM: what is replaced cannot be read any more, an old
 * record put back is told by the counter, a power cut anywhere leaves the old or the new one, and nothing
 * of the key stays in this process's memory. */
#include "base/memory.h"
#include "keys/tpm.h"
#include "refused.h"
#include "software_tpm.h"
#include "test_keys_help.h"
#include <sys/wait.h>
#include <tss2/tss2_tcti.h>

#define INDEX   "0x1500016"
#define COUNTER "0x1500017"

static software_tpm tpm;

static void plug_in(void)
{
    setenv("TSS2_LOG", "all+none", 1); /* wrong auth values are tried on purpose */
    help_enter_folder();
    software_tpm_new(&tpm);
}

static void unplug(void)
{
    software_tpm_off(&tpm);
    software_tpm_remove(&tpm);
    help_leave_folder();
}

static vpriv_root_tpm_config config_of(uint32_t pcrs)
{
    return (vpriv_root_tpm_config){
        .struct_size = sizeof(vpriv_root_tpm_config), .connection = tpm.connection, .pcrs = pcrs};
}

static vpriv_root_store *open_tpm(uint32_t pcrs)
{
    const vpriv_root_tpm_config config = config_of(pcrs);
    vpriv_root_store *store = NULL;
    ck_ok(vpriv_root_tpm_open(&config, &store));
    return store;
}

START_TEST(it_is_empty_then_holds_what_was_put_then_is_gone)
{
    vpriv_root_store *store = open_tpm(0);
    ck_assert_int_eq(vpriv_root_assurance(store), VPRIV_ASSURANCE_KEYED);
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    for (uint64_t generation = 1; generation <= 5; generation++) {
        help_put(store, generation);
        help_assert_holds(store, generation);
    }
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_nvreadpublic " COUNTER), 0);
    ck_ok(vpriv_root_destroy(store));
    ck_fails(vpi_root_probe(store), VPRIV_E_NOT_FOUND);
    ck_assert_int_ne(software_tpm_run(&tpm, "tpm2_nvreadpublic " INDEX), 0);
    ck_assert_int_ne(software_tpm_run(&tpm, "tpm2_nvreadpublic " COUNTER), 0);
    vpriv_root_close(store);
}
END_TEST

START_TEST(it_survives_a_power_cut_between_calls)
{
    vpriv_root_store *store = open_tpm(0);
    help_put(store, 1);
    software_tpm_off(&tpm);
    software_tpm_on(&tpm);
    help_assert_holds(store, 1);
    help_put(store, 2);
    vpriv_root_close(store);
    software_tpm_off(&tpm);
    software_tpm_on(&tpm);
    store = open_tpm(0);
    help_assert_holds(store, 2);
    vpriv_root_close(store);
}
END_TEST

/* The plug is pulled at some moment of a replacement: the old or the new record is in force, and
 * replacing works again. */
START_TEST(a_power_cut_while_replacing_leaves_the_old_or_the_new)
{
    unsigned n_cut = 0;
    vpriv_root_store *store = open_tpm(0);
    help_put(store, 1);
    uint64_t held = 1;
    for (unsigned round = 0; round < 24; round++) {
        const pid_t cutter = fork();
        if (cutter == 0) {
            usleep(round * 2500);
            kill(tpm.process, SIGKILL);
            _exit(0);
        }
        const vpriv_status st = help_try_put(store, held + 1);
        ck_assert(st == VPRIV_OK || st == VPRIV_E_ROOT);
        waitpid(cutter, NULL, 0);
        software_tpm_off(&tpm);
        software_tpm_on(&tpm);
        vpi_root_record record;
        ck_ok(vpi_root_load(store, &record));
        ck_assert(record.generation == held + 1 || (record.generation == held && st != VPRIV_OK));
        help_assert_holds(store, record.generation);
        held = record.generation;
        n_cut += st != VPRIV_OK;
    }
    ck_assert_uint_gt(n_cut, 0);
    help_put(store, held + 1);
    help_assert_holds(store, held + 1);
    vpriv_root_close(store);
}
END_TEST

START_TEST(an_old_record_put_back_is_refused)
{
    vpi_root_record record;
    vpriv_root_store *store = open_tpm(0);
    help_put(store, 1);
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_nvread " INDEX " -C " INDEX " -o old.bin"), 0);
    help_put(store, 2);
    help_put(store, 3);
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_nvwrite " INDEX " -C " INDEX " -i old.bin"), 0);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROLLBACK);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "put back"));
    vpriv_root_close(store);
}
END_TEST

/* One behind is a power cut between the two commands, or a replacement that runs; anything else is refused. */
START_TEST(a_counter_that_does_not_fit_is_refused)
{
    vpi_root_record record;
    uint8_t stored[64 + 1];
    vpriv_root_store *store = open_tpm(0);
    help_put(store, 1);
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_nvread " INDEX " -C " INDEX " -o now.bin"), 0);
    ck_assert_uint_eq(help_read("now.bin", stored, sizeof stored), 64);
    stored[56]++;
    help_write("ahead.bin", stored, 64);
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_nvwrite " INDEX " -C " INDEX " -i ahead.bin"), 0);
    help_assert_holds(store, 1);
    stored[56] = (uint8_t)(stored[56] + 2);
    help_write("ahead.bin", stored, 64);
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_nvwrite " INDEX " -C " INDEX " -i ahead.bin"), 0);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROLLBACK);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "behind"));
    help_put(store, 2); /* a replacement puts it in order: the vault decides what goes in */
    help_assert_holds(store, 2);
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_nvincrement " COUNTER " -C " COUNTER), 0);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROLLBACK);
    vpriv_root_close(store);
}
END_TEST

START_TEST(it_opens_only_with_the_pcrs_it_was_made_with)
{
    vpi_root_record record;
    vpriv_root_store *store = open_tpm(1U << 16 | 1U << 23);
    help_put(store, 1);
    help_assert_holds(store, 1);
    help_put(store, 2);
    help_assert_holds(store, 2);
    ck_assert_int_ne(software_tpm_run(&tpm, "tpm2_nvread " INDEX " -C " INDEX " -o old.bin"), 0);
    ck_assert_int_eq(
        software_tpm_run(&tpm, "tpm2_pcrextend 16:sha256="
                               "0000000000000000000000000000000000000000000000000000000000000001"),
        0);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "PCR"));
    ck_fails(help_try_put(store, 3), VPRIV_E_ROOT);
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_pcrreset 16"), 0);
    help_assert_holds(store, 2);
    vpriv_root_close(store);
}
END_TEST

START_TEST(auth_values_are_needed_where_they_were_set)
{
    vpi_root_record record;
    vpriv_root_tpm_config config = config_of(0);
    vpriv_root_store *store = NULL, *other = NULL;
    ck_assert_int_eq(software_tpm_run(&tpm, "tpm2_changeauth -c owner the-owner"), 0);
    config.auth = "the index";
    ck_ok(vpriv_root_tpm_open(&config, &store));
    ck_fails(help_try_put(store, 1), VPRIV_E_ROOT);
    vpriv_root_close(store);
    config.owner_auth = "the-owner";
    ck_ok(vpriv_root_tpm_open(&config, &store));
    help_put(store, 1);
    vpriv_root_close(store);
    config.owner_auth = NULL; /* only making and destroying takes it */
    ck_ok(vpriv_root_tpm_open(&config, &store));
    help_put(store, 2);
    help_assert_holds(store, 2);
    config.auth = "another";
    ck_ok(vpriv_root_tpm_open(&config, &other));
    ck_fails(vpi_root_load(other, &record), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "auth value"));
    ck_assert_ptr_null(strstr(vpriv_error_detail(), "another"));
    ck_fails(vpriv_root_destroy(store), VPRIV_E_ROOT);
    help_assert_holds(store, 2);
    vpriv_root_close(other);
    vpriv_root_close(store);
}
END_TEST

START_TEST(without_a_tpm_it_says_so)
{
    vpi_root_record record;
    vpriv_root_store *store = open_tpm(0);
    help_put(store, 1);
    software_tpm_off(&tpm);
    ck_fails(vpi_root_load(store, &record), VPRIV_E_ROOT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "no TPM answers"));
    ck_fails(help_try_put(store, 2), VPRIV_E_ROOT);
    software_tpm_on(&tpm);
    help_assert_holds(store, 1);
    vpriv_root_close(store);
}
END_TEST

START_TEST(bad_configurations_are_refused)
{
    vpriv_root_store *store = NULL;
    vpriv_root_tpm_config config = config_of(1U << 24);
    ck_fails(vpriv_root_tpm_open(&config, &store), VPRIV_E_ARG);
    config = config_of(1);
    config.auth = "both";
    ck_fails(vpriv_root_tpm_open(&config, &store), VPRIV_E_ARG);
    config = config_of(0);
    config.index = 0x80000001;
    ck_fails(vpriv_root_tpm_open(&config, &store), VPRIV_E_ARG);
    config = config_of(0);
    config.auth = "a value of more than thirty-two bytes";
    ck_fails(vpriv_root_tpm_open(&config, &store), VPRIV_E_ARG);
    config = config_of(0);
    config.struct_size = 0;
    ck_fails(vpriv_root_tpm_open(&config, &store), VPRIV_E_ARG);
    ck_assert_ptr_null(store);
}
END_TEST

/* The TPM goes away in the middle: an error. Whether the system sends a signal then is a matter of
 * microseconds, so one is sent here as it would be. */
/* What a TPM may answer, in the words of a person who has to do something about it. */
START_TEST(every_answer_has_its_words)
{
    static const struct {
        TSS2_RC code;
        vpriv_status status;
        const char *words;
    } answers[] = {{TPM2_RC_POLICY_FAIL | TPM2_RC_S, VPRIV_E_ROOT, "the PCRs are not"},
        {TPM2_RC_PCR_CHANGED, VPRIV_E_ROOT, "the PCRs are not"},
        {TPM2_RC_AUTH_FAIL | TPM2_RC_S, VPRIV_E_ROOT, "auth value is wrong"},
        {TPM2_RC_BAD_AUTH | TPM2_RC_S, VPRIV_E_ROOT, "auth value is wrong"},
        {TPM2_RC_LOCKOUT, VPRIV_E_ROOT, "is locked"}, {TPM2_RC_NV_SPACE, VPRIV_E_FULL, "no room"},
        {TPM2_RC_FAILURE, VPRIV_E_ROOT, "TPM answer 0x00000101"},
        {TSS2_TCTI_RC_IO_ERROR, VPRIV_E_ROOT, "TPM answer 0x000a000a"}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        ck_refused(
            vpi_tpm_failed("it fails", answers[i].code), answers[i].status, answers[i].words);
}
END_TEST

/* ---- commands that do not arrive ---- */

static unsigned n_until_lost; /* 0: none is */
static TSS2_TCTI_TRANSMIT_FCN transmit;
static __typeof__(vpi_tcti.Initialize) connect_truly;

static TSS2_RC transmit_or_not(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
    if (n_until_lost > 0 && --n_until_lost == 0)
        return TSS2_TCTI_RC_IO_ERROR;
    return transmit(context, size, command);
}

static TSS2_RC connect_with_losses(const char *name, TSS2_TCTI_CONTEXT **context_out)
{
    const TSS2_RC code = connect_truly(name, context_out);
    if (code == 0) {
        TSS2_TCTI_CONTEXT_COMMON_V1 *common = (TSS2_TCTI_CONTEXT_COMMON_V1 *)(void *)*context_out;
        transmit = common->transmit;
        common->transmit = transmit_or_not;
    }
    return code;
}

enum { LOAD, PUT, FIRST, DESTROY, N_DOINGS };

static vpriv_status do_it(vpriv_root_store *store, int doing, uint64_t generation)
{
    return doing == LOAD      ? vpi_root_probe(store)
           : doing == DESTROY ? vpriv_root_destroy(store)
                              : help_try_put(store, generation);
}

/* The n-th command is lost, for every n, with and without PCRs: the call says so, and what is in force is the
 * old record, the new one, or, where there was none or it was to go, none. */
START_TEST(a_command_that_is_lost_is_told)
{
    const int doing = _i % N_DOINGS;
    vpriv_root_store *store = open_tpm(_i < N_DOINGS ? 0 : 1);
    ck_ok(vpi_tpm_load());
    connect_truly = vpi_tcti.Initialize;
    vpi_tcti.Initialize = connect_with_losses;
    unsigned n_failed = 0;
    for (unsigned n = 1;; n++) {
        ck_assert_uint_lt(n, 100);
        n_until_lost = 0;
        if (doing == FIRST) {
            const vpriv_status gone = vpriv_root_destroy(store);
            ck_assert(gone == VPRIV_OK || gone == VPRIV_E_ROOT); /* there was none */
        } else {
            help_put(store, 1);
        }
        n_until_lost = n;
        const vpriv_status st = do_it(store, doing, 2);
        const bool is_lost = n_until_lost == 0;
        n_until_lost = 0;
        if (!is_lost) {
            ck_ok(st);
            break;
        }
        /* A key or session that could not be taken away goes with the power. */
        char said[VPRIV_DETAIL_BYTES];
        snprintf(said, sizeof said, "%s", vpriv_error_detail());
        software_tpm_off(&tpm);
        software_tpm_on(&tpm);
        ck_assert_msg(st == VPRIV_E_ROOT || st == VPRIV_OK, "command %u: %s", n,
            said); /* what is tidied up behind it may be lost */
        n_failed += st != VPRIV_OK;
        vpi_root_record record;
        const vpriv_status loaded = vpi_root_load(store, &record);
        if (loaded == VPRIV_OK)
            help_assert_record(&record, record.generation);
        else
            ck_assert(doing == FIRST || doing == DESTROY);
        ck_assert(st != VPRIV_OK || doing != PUT || record.generation == 2);
    }
    ck_assert_uint_gt(n_failed, 3);
    vpi_tcti.Initialize = connect_truly;
    vpriv_root_close(store);
}
END_TEST

START_TEST(arguments_are_refused)
{
    vpriv_root_tpm_config c = config_of(0);
    vpriv_root_store *store = NULL;
#define OPEN vpriv_root_tpm_open(&c, &store)
    ck_refused(vpriv_root_tpm_open(&c, NULL), VPRIV_E_ARG, "no room");
    ck_refused_with(c, struct_size, 1, OPEN, VPRIV_E_ARG, "vpriv_root_tpm_config");
    ck_refused_with(c, index, 0x00ffffff, OPEN, VPRIV_E_ARG, "NV index 0x00ffffff");
    ck_refused_with(c, index, 0x02000000, OPEN, VPRIV_E_ARG, "NV index 0x02000000");
    ck_refused_with(c, pcrs, 1u << 24, OPEN, VPRIV_E_ARG, "0 to 23");
    c.pcrs = 1;
    ck_refused_with(c, auth, "secret", OPEN, VPRIV_E_ARG, "no auth value");
    ck_assert_ptr_null(store);
    c.auth = "";
    ck_ok(OPEN);
    vpriv_root_close(store);
    ck_ok(vpriv_root_tpm_open(NULL, &store)); /* the system's own, which is asked when it is used */
    vpriv_root_close(store);
}
END_TEST

START_TEST(a_connection_that_breaks_ends_no_program)
{
    sigset_t mask, pending;
    vpi_tpm conversation;
    ESYS_TR session = ESYS_TR_NONE;
    ck_ok(vpi_tpm_begin(&conversation, tpm.connection));
    software_tpm_off(&tpm);
    ck_fails(vpi_tpm_session(&conversation, 0, &session), VPRIV_E_ROOT);
    ck_assert_int_eq(raise(SIGPIPE), 0);
    vpi_tpm_end(&conversation);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    ck_assert_int_eq(sigismember(&mask, SIGPIPE), 0);
    ck_assert_int_eq(sigpending(&pending), 0);
    ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
    software_tpm_on(&tpm);
}
END_TEST

/* Everything this process can read of itself, outside guarded memory, in pieces of 8 bytes of the key.
 * What is looked for is made afresh for each byte, so that the test does not find itself. */
static size_t pieces_in_memory(uint64_t generation)
{
    static const size_t window_bytes = 1 << 20;
    char line[512];
    size_t n_found = 0;
    uint8_t *window = malloc(window_bytes);
    FILE *maps = fopen("/proc/self/maps", "r");
    const int memory = open("/proc/self/mem", O_RDONLY);
    ck_assert(window && maps && memory >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from = 0, to = 0;
        char access_text[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, access_text) != 3 || access_text[1] != 'w')
            continue;
        for (unsigned long at = from; at < to; at += window_bytes - 8) {
            const size_t wanted = to - at < window_bytes ? to - at : window_bytes;
            const ssize_t n = pread(memory, window, wanted, (off_t)at);
            for (ssize_t i = 0; i + 8 <= n; i++)
                for (size_t piece = 0; piece < 32; piece += 8) {
                    size_t same = 0;
                    while (same < 8 && window[i + (ssize_t)same] ==
                                           (uint8_t)(generation * 37 + (piece + same) * 5 + 1))
                        same++;
                    /* The window itself is in memory too. */
                    const unsigned long place = at + (unsigned long)i;
                    const unsigned long own = (unsigned long)window;
                    n_found += same == 8 && !(place >= own && place < own + window_bytes);
                }
        }
    }
    explicit_bzero(window, window_bytes);
    free(window);
    close(memory);
    fclose(maps);
    return n_found;
}

START_TEST(nothing_of_the_key_stays_in_memory)
{
    vpriv_root_store *store = open_tpm(0);
    vpi_root_record *record = NULL;
    ck_ok(vpi_secret_alloc(sizeof *record, (void **)&record));
    help_record(77, record);
    ck_ok(vpi_root_replace(store, record));
    vpi_wipe(record, sizeof *record);
    ck_assert_uint_eq(pieces_in_memory(77), 0);
    ck_ok(vpi_root_load(store, record));
    ck_assert_uint_eq(record->generation, 77);
    vpi_wipe(record, sizeof *record);
    ck_assert_uint_eq(pieces_in_memory(77), 0);
    /* The control: where it lies open it is found. */
    vpi_root_record *volatile open_record = malloc(sizeof *open_record); /* not optimised away */
    help_record(77, open_record);
    ck_assert_uint_ge(pieces_in_memory(77), 4);
    free(open_record);
    vpi_secret_free(record);
    vpriv_root_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: TPM");
    TCase *tests = tcase_create("TPM");
    tcase_add_checked_fixture(tests, plug_in, unplug);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, it_is_empty_then_holds_what_was_put_then_is_gone);
    tcase_add_test(tests, it_survives_a_power_cut_between_calls);
    tcase_add_test(tests, a_power_cut_while_replacing_leaves_the_old_or_the_new);
    tcase_add_test(tests, an_old_record_put_back_is_refused);
    tcase_add_test(tests, a_counter_that_does_not_fit_is_refused);
    tcase_add_test(tests, it_opens_only_with_the_pcrs_it_was_made_with);
    tcase_add_test(tests, auth_values_are_needed_where_they_were_set);
    tcase_add_test(tests, without_a_tpm_it_says_so);
    tcase_add_test(tests, a_connection_that_breaks_ends_no_program);
    tcase_add_test(tests, bad_configurations_are_refused);
    tcase_add_test(tests, every_answer_has_its_words);
    tcase_add_loop_test(tests, a_command_that_is_lost_is_told, 0, 2 * N_DOINGS);
    tcase_add_test(tests, arguments_are_refused);
#ifndef __SANITIZE_ADDRESS__ /* whose tables are terabytes, and which frees nothing for good */
    tcase_add_test(tests, nothing_of_the_key_stays_in_memory);
#else
    (void)nothing_of_the_key_stays_in_memory;
#endif
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
