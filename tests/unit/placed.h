/* A household, and an authority whose profiles, pauses and policies it trusts: everything about places. */
#ifndef TESTS_PLACED_H
#define TESTS_PLACED_H

#include "household.h"

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW
#define DONATE VPRIV_PURPOSE_DONATION

/* An authority that is not trusted; made for these tests alone, whoever builds this has it. */
extern const uint8_t test_seed[VPRIV_AUTHORITY_SEED_BYTES];

extern household h;
extern uint8_t authority[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
extern uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES];
extern char text[8192]; /* the document made last */

/* A checked fixture. */
void set_up(void);
void tear_down(void);

/* A mild profile; forbidden is a list of purposes in quotes. */
const char *profile_of(const char *name, const char *places, int revision, const char *until,
    int age, const char *forbidden);
vpriv_status install_signed_by(const uint8_t *by, const char *json);
void install(const char *name, const char *places, const char *forbidden);

#define POLICY                                                                                     \
    "{\"voicepriv_policy\": 1, \"epoch\": %d, \"issued\": \"%s\", \"effective\": \"%s\","          \
    " \"time_to_live\": \"P30D\", \"issuer\": \"acme\"}"

vpriv_status publish(int epoch, const char *issued, const char *effective);

/* The reasons against capture; 0 when there are none. */
uint32_t why_not_in(
    vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose, vpriv_retention retention);
uint32_t why_not(vpriv_purpose purpose);

/* The seat is given at creation; here it moves. */
void put_seat(const char *country);
/* Seat, device and Ada's home. */
void put_everything(const char *place);

vpriv_vault *open_capture(vpriv_keyring **credential_out);
/* The vault verifies. */
void ck_whole(void);

#endif
