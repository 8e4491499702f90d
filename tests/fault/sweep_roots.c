/* Root stores and keyrings. */
#include "fault/sweep.h"
#include <voicepriv/storage.h>

static const vpriv_passphrase_cost cheap = {sizeof cheap, 1, 8192};

static void have_file_store(struct sweep *s)
{
    if (!s->new_store)
        ck_ok(vpriv_root_file_open(sweep_beside(s, "new.root"), &s->new_store));
}

static vpriv_status move_root(struct sweep *s)
{
    if (s->has_moved) /* what is left to do is said so */
        return vpriv_root_destroy(s->life.store);
    const vpriv_status st = vpriv_vault_move_root(s->life.vault, s->new_store, "sweeper");
    s->has_moved = strstr(vpriv_error_detail(), "has moved") != NULL;
    return st;
}

static vpriv_status open_file(struct sweep *s)
{
    return vpriv_root_file_open(sweep_beside(s, "new.root"), &s->store);
}

static vpriv_status open_phrase(struct sweep *s)
{
    return vpriv_root_passphrase_open(
        sweep_beside(s, "phrase.root"), SWEEP_PHRASE, strlen(SWEEP_PHRASE), &cheap, &s->store);
}

/* A second vault whose root is behind a passphrase. */
static void be_behind_phrase(struct sweep *s)
{
    vpriv_vault *vault = NULL;
    vpriv_keyring *keyring = NULL;
    ck_ok(open_phrase(s));
    ck_ok(vpriv_vault_create(sweep_beside(s, "phrase.vault"), s->store, NULL, &keyring, &vault));
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    ck_ok(vpriv_root_recovery_key(s->store, SWEEP_PHRASE, strlen(SWEEP_PHRASE), s->recovery_key));
    sweep_finish(s);
}

static vpriv_status open_behind_phrase(struct sweep *s)
{
    vpriv_status st = open_phrase(s);
    if (st == VPRIV_OK)
        st = vpriv_vault_open(sweep_beside(s, "phrase.vault"), s->store, NULL, &s->vault);
    return st;
}

static void phrase_open(struct sweep *s)
{
    ck_ok(open_phrase(s));
}

/* To the same words again: every trial finds them. */
static vpriv_status change_phrase(struct sweep *s)
{
    return vpriv_root_passphrase_change(s->store, SWEEP_PHRASE, strlen(SWEEP_PHRASE), &cheap);
}

static vpriv_status make_recovery_key(struct sweep *s)
{
    return vpriv_root_recovery_key(s->store, SWEEP_PHRASE, strlen(SWEEP_PHRASE), s->recovery_key);
}

static vpriv_status recover(struct sweep *s)
{
    vpriv_status st =
        vpriv_root_recovery_open(sweep_beside(s, "phrase.root"), s->recovery_key, &s->store);
    if (st == VPRIV_OK)
        st = vpriv_vault_open(sweep_beside(s, "phrase.vault"), s->store, NULL, &s->vault);
    return st;
}

static vpriv_status destroy(struct sweep *s)
{
    return vpriv_root_destroy(s->store);
}

static vpriv_status save_keyring(struct sweep *s)
{
    return vpriv_keyring_save(s->life.owner, sweep_beside(s, "keyring"));
}

static void have_keyring(struct sweep *s)
{
    ck_ok(save_keyring(s));
}

static vpriv_status load_keyring(struct sweep *s)
{
    return vpriv_keyring_load(sweep_beside(s, "keyring"), &s->keyring);
}

static vpriv_status split_keyring(struct sweep *s)
{
    return vpriv_keyring_split(
        s->life.owner, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY), &s->keyring);
}

const struct operation sweep_roots[] = {
    {"root file open", NULL, NULL, open_file, SWEEP_SHUT},
    {"root move", NULL, have_file_store, move_root, SWEEP_STEPS},
    {"passphrase open", be_behind_phrase, NULL, open_behind_phrase, SWEEP_SHUT},
    {"passphrase change", be_behind_phrase, phrase_open, change_phrase, SWEEP_SHUT},
    {"recovery key", be_behind_phrase, phrase_open, make_recovery_key, SWEEP_SHUT | SWEEP_STEPS},
    {"recovery open", be_behind_phrase, NULL, recover, SWEEP_SHUT},
    {"root destroy", be_behind_phrase, phrase_open, destroy, SWEEP_SHUT | SWEEP_STEPS},
    {"keyring save", NULL, NULL, save_keyring, SWEEP_SHUT},
    {"keyring load", have_keyring, NULL, load_keyring, SWEEP_SHUT},
    {"keyring split", NULL, NULL, split_keyring, SWEEP_SHUT},
};
const size_t n_sweep_roots = sizeof sweep_roots / sizeof sweep_roots[0];
