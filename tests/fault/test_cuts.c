/* Power cuts everywhere; see cuts.h. */
#include "cuts.h"
#include <stdio.h>

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    Suite *suite = suite_create("fault: power cuts");
    TCase *tests = tcase_create("cuts");
    tcase_set_timeout(tests, life_is_long() ? 3600 : 120);
    cuts_add_changes(tests);
    cuts_add_storage(tests);
    cuts_add_recording(tests);
    cuts_add_creation(tests);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
