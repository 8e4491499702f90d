/* What a cipher leaves on the stack is wiped when the call that used it returns. Each call runs twice
 * on a stack of its own, at the same addresses: first with the wipe kept from happening, which shows
 * what the cipher leaves, then as it is. Nothing that was left the first time is there the second. */
#include "base/memory.h"
#include "base/random.h"
#include "keys/recording.h"
#include "unit.h"
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK_BYTES ((size_t)1 << 18)
#define N_WORDS     (STACK_BYTES / sizeof(uint64_t))
#define FRAME_WORDS 8 /* what the wipe itself saves on the stack: registers of its caller's */
#define PAINT       UINT64_C(0xa5c3a5c3a5c3a5c3)

/* The linker puts this in the place of libsodium's (see keys.mk). */
void __real_sodium_stackzero(size_t n_bytes);
void __wrap_sodium_stackzero(size_t n_bytes);
static bool is_kept_from_wiping;
static size_t n_wipes;
static uintptr_t wiped_below;

void __wrap_sodium_stackzero(size_t n_bytes)
{
    n_wipes++;
    wiped_below = (uintptr_t)__builtin_frame_address(0);
    if (!is_kept_from_wiping)
        __real_sodium_stackzero(n_bytes);
}

static struct {
    vpi_recording_keys keys;
    vpi_recording_bond bond;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES], block[VPI_BLOCK_BYTES];
    uint8_t row[300 + VPI_SEAL_OVERHEAD], key[VPI_KEY_BYTES];
} work;
static const vpi_place place = {work.bond.vault_id, VPI_COLUMN_STATE, 1, NULL, 0};

static vpriv_status outcome;

static void seal_block(void)
{
    vpi_block_seal(&work.keys, &work.bond, 3, false, work.plain, work.block);
}

static void open_block(void)
{
    outcome =
        vpi_block_open(&work.keys, &work.bond, 3, false, work.block, sizeof work.block, work.plain);
}

static void seal_row(void)
{
    vpi_seal(work.keys.block_key, &place, work.plain, 300, work.row);
}

static void open_row(void)
{
    outcome = vpi_unseal(work.keys.block_key, &place, work.row, sizeof work.row, work.plain);
}

static void derive(void)
{
    vpi_derive(work.keys.recording_key, "a label", work.plain, 64, work.key);
}

static uint64_t *stack;

/* On a stack that nothing else uses: a thread would leave things there when it ends. */
static void run(void (*call)(void), bool keep_from_wiping)
{
    ucontext_t here, there;
    for (size_t i = 0; i < N_WORDS; i++)
        stack[i] = PAINT;
    is_kept_from_wiping = keep_from_wiping;
    n_wipes = 0;
    outcome = VPRIV_OK;
    ck_assert_int_eq(getcontext(&there), 0);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = STACK_BYTES;
    there.uc_link = &here;
    makecontext(&there, call, 0);
    ck_assert_int_eq(swapcontext(&here, &there), 0);
    ck_ok(outcome);
    ck_assert_uint_ge(n_wipes, 1);
}

/* Words of the first run, below the frame of the wipe, that are there in the second. */
static void compare(const char *what, void (*call)(void), size_t n_wanted)
{
    static uint64_t left[N_WORDS];
    size_t n_left = 0, n_still = 0;
    run(call, true);
    memcpy(left, stack, STACK_BYTES);
    const size_t n_below = (wiped_below - (uintptr_t)stack) / sizeof *stack - FRAME_WORDS;
    ck_assert_uint_lt(n_below, N_WORDS);
    run(call, false);
    for (size_t i = 0; i < n_below; i++)
        if (left[i] != PAINT && left[i] != 0) {
            n_left++;
            n_still += stack[i] == left[i];
        }
    if (getenv("VERBOSE"))
        printf("%s: %zu words left without the wipe, %zu with it\n", what, n_left, n_still);
    ck_assert_msg(n_left >= n_wanted, "%s: without the wipe only %zu words are left", what, n_left);
    ck_assert_msg(n_still == 0, "%s: %zu words of %zu are still there", what, n_still, n_left);
}

/* The same nonce in both runs. */
static void not_random(void *bytes_out, size_t n_bytes)
{
    memset(bytes_out, 0x3d, n_bytes);
}

static void set_up(void)
{
    vpi_random_replace(not_random);
    stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(stack != MAP_FAILED);
    ck_ok(vpi_crypto_init());
    vpi_recording_keys_generate(&work.keys);
    for (size_t i = 0; i < sizeof work.plain; i++)
        work.plain[i] = (uint8_t)(i * 167 + 13);
    vpi_block_seal(&work.keys, &work.bond, 3, false, work.plain, work.block);
    vpi_seal(work.keys.block_key, &place, work.plain, 300, work.row);
}

START_TEST(nothing_of_a_cipher_is_left_on_the_stack)
{
    compare("block seal", seal_block, 20);
    compare("block open", open_block, 20);
    compare("row seal", seal_row, 20);
    compare("row open", open_row, 20);
    compare("derive", derive, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: the stack");
    TCase *tests = tcase_create("stack");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, nothing_of_a_cipher_is_left_on_the_stack);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
