#include "counted.h"

deeds d;
int n_seen;

void set_up(void)
{
    deeds_begin(&d);
    deeds_restore(&d);
    ck_ok(household_open_vault(&d.h, d.h.path, &d.h.vault));
    n_seen = 0;
}

void tear_down(void)
{
    deeds_end(&d);
}

bool count_surface(void *user, const vpriv_surface_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

bool count_pause(void *user, const vpriv_pause *pause)
{
    (void)pause;
    return ++n_seen < *(int *)user;
}

bool count_profile(void *user, const vpriv_profile_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

bool count_line(void *user, const char *line, size_t n)
{
    (void)line;
    (void)n;
    return ++n_seen < *(int *)user;
}

bool count_consent(void *user, const vpriv_consent_record *record)
{
    (void)record;
    return ++n_seen < *(int *)user;
}

bool count_derivative(void *user, const vpriv_derivative_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

bool count_subject(void *user, const vpriv_subject_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

bool count_recording(void *user, const vpriv_recording_info *info)
{
    (void)info;
    return ++n_seen < *(int *)user;
}

bool count_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    (void)index;
    (void)entry;
    return ++n_seen < *(int *)user;
}
