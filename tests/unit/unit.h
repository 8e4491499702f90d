/* What every unit test program shares: one main that fails when nothing ran. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <voicepriv/base.h>

#define ck_ok(call)                                                                                \
    do {                                                                                           \
        const vpriv_status ck_st = (call);                                                         \
        ck_assert_msg(ck_st == VPRIV_OK, "%s: %s: %s", #call, vpriv_status_text(ck_st),            \
            vpriv_error_detail());                                                                 \
    } while (0)

#define ck_fails(call, status)                                                                     \
    do {                                                                                           \
        const vpriv_status ck_st = (call);                                                         \
        ck_assert_msg(ck_st == (status), "%s: wanted %s, got %s: %s", #call, #status,              \
            vpriv_status_text(ck_st), vpriv_error_detail());                                       \
    } while (0)

/* Check itself calls an empty run a success; we do not. */
static inline int unit_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int n_run = srunner_ntests_run(runner);
    const int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_run > 0 && n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
