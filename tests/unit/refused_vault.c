#include "refused_vault.h"

household h;
vpriv_recording_id id;
uint64_t before;
char long_text[512];

void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    id = household_quick(&h, h.ada);
    memset(long_text, 'x', sizeof long_text - 1);
    before = household_print(&h);
}

void tear_down(void)
{
    ck_assert(household_print(&h) == before);
    household_close(&h);
}
