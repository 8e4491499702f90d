/* From one root store to another. The new store gets the root in force, then the root is replaced, and
 * only the new store ever has that one. */
#include "base/try.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/vault.h"
#include <string.h>
#include <voicepriv/storage.h>

#define LOG_PATIENCE_MS 5000
#define MOST_TRIES      32

/* One move, which may take more than one try. */
typedef struct root_move {
    vpriv_root_store *to;
    const char *actor;
    vpi_tree_held held_before; /* what was in there at the latest try */
    bool is_elsewhere; /* certainly: the old store's place would have held the root in force */
    bool is_logged;
    bool
        is_overtaken; /* between commit and settling another process put the new root into the old store */
} root_move;

static vpriv_status log_move(vpriv_vault *vault, const char *actor)
{
    vpriv_log_entry entry = {.kind = VPRIV_LOG_POLICY,
        .purpose = VPRIV_LOG_NO_PURPOSE,
        .reason = "the root key was moved"};
    snprintf(entry.actor, sizeof entry.actor, "%s", actor);
    return vpi_log_append(vault, &entry, NULL, 0, NULL, NULL);
}

/* Everything up to the commit: nothing has happened yet but for a copy in the new store. */
static vpriv_status prepare(vpriv_vault *vault, root_move *m)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    m->held_before = VPI_HELD_OTHER;
    VPI_TRY(vpi_vault_begin_freeing(vault));
    VPI_TRY(vpi_ingest_adopt_all(vault));
    if (!m->is_logged)
        VPI_TRY(log_move(vault, m->actor));
    VPI_TRY(vpi_tree_move(vault->tree, m->to, &m->held_before));
    m->is_elsewhere = m->is_elsewhere || m->held_before != VPI_HELD_IN_FORCE;
    VPI_TRY(vpi_vault_renew(vault, NULL, 0, NULL));
    st = VPRIV_OK;
out:
    return st;
}

/* The old store is in force again, and the copy in the new one goes, when it is ours for certain. */
static void give_up(vpriv_vault *vault, vpriv_root_store *to, bool has_copy)
{
    vpi_vault_rollback(vault);
    vpi_tree_move_back(vault->tree, vault->root);
    if (has_copy && vpriv_root_destroy(to) != VPRIV_OK)
        vpi_fail_clear();
}

/* The new store has the root, and it stays in the old one all the same. */
static vpriv_status stay(vpriv_vault *vault, vpriv_root_store *from, bool is_same_place)
{
    vault->root = from;
    vpi_tree_move_back(vault->tree, from);
    return is_same_place ? vpi_fail(VPRIV_E_ARG,
                               "the root key is in that store already: it was replaced there, and "
                               "nothing was moved or destroyed")
                         : vpi_fail(VPRIV_E_BUSY,
                               "another process has put a root key into the old store meanwhile: "
                               "nothing was destroyed there, move it again");
}

/* Two handles may be of one place, and nobody can tell before a new root has gone in by one of them. With the
 * write lock held no other process puts one there between looking and destroying. */
static vpriv_status leave(vpriv_vault *vault, root_move *m)
{
    vpriv_root_store *from = vault->root;
    vpi_tree_held held = VPI_HELD_NOTHING;
    vault->root = m->to;
    /* The log still has the new root, sealed under the one that the old store had. */
    vpi_database_empty_log(vault->database, LOG_PATIENCE_MS);
    vpriv_status st = vpi_database_begin(vault->database);
    if (st == VPRIV_OK)
        st = vpi_tree_look_in(vault->tree, from, &held);
    if (st != VPRIV_OK)
        st = vpi_fail_in(VPRIV_E_ROOT, "the root key has moved; what the old store holds could not "
                                       "be seen and was not destroyed");
    else if (held == VPI_HELD_IN_FORCE || held == VPI_HELD_LATER) {
        const bool is_same_place = held == VPI_HELD_IN_FORCE && !m->is_elsewhere;
        m->is_overtaken = !is_same_place;
        st = stay(vault, from, is_same_place);
    } else if (held != VPI_HELD_OTHER && vpriv_root_destroy(from) != VPRIV_OK)
        st = vpi_fail_in(
            VPRIV_E_ROOT, "the root key has moved; the old one is worthless but still there");
    vpi_database_rollback(vault->database);
    return st;
}

static vpriv_status try_to_move(vpriv_vault *vault, root_move *m)
{
    m->is_overtaken = false;
    vpriv_status st = prepare(vault, m);
    /* What was there before may be the place in force, by another handle. */
    const bool has_copy =
        vpi_tree_store(vault->tree) == m->to && m->held_before == VPI_HELD_NOTHING;
    if (st == VPRIV_OK)
        st = vpi_vault_commit_rows(vault);
    if (st == VPRIV_OK) {
        m->is_logged = true;
        const vpriv_status settled = vpi_tree_settle(vault->tree);
        /* Another process has used up the pending root. */
        m->is_overtaken = settled == VPRIV_E_ROLLBACK;
        if (settled != VPRIV_OK)
            st = vpi_fail_in(VPRIV_E_ROOT, "the root key has not moved");
    }
    if (st != VPRIV_OK) {
        char text[VPRIV_DETAIL_BYTES];
        snprintf(text, sizeof text, "%s", vpriv_error_detail());
        give_up(vault, m->to, has_copy);
        /* Committed, but the new store refused: the old one takes the new root. */
        if (vpi_tree_settle(vault->tree) != VPRIV_OK) {
            m->is_overtaken = false;
            vpi_fail_clear();
        }
        return vpi_fail(st, "%s", text);
    }
    return leave(vault, m);
}

/* Beside a process that writes all the time it may take a few tries. */
static vpriv_status move(vpriv_vault *vault, vpriv_root_store *to, const char *actor)
{
    root_move m = {.to = to, .actor = actor};
    vpriv_status st = try_to_move(vault, &m);
    for (int n = 1; m.is_overtaken && n < MOST_TRIES; n++) {
        vpi_fail_clear();
        st = try_to_move(vault, &m);
    }
    return st;
}

vpriv_status vpriv_vault_move_root(vpriv_vault *vault, vpriv_root_store *to, const char *actor)
{
    vpriv_status st = vpi_vault_enter(vault, true);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_ENSURE(to && to != vault->root, VPRIV_E_ARG, "a root is moved to another store");
    VPI_TRY(vpi_actor_check(actor));
    VPI_TRY(move(vault, to, actor));
    st = VPRIV_OK;
out:
    vpi_vault_leave(vault);
    return st;
}
