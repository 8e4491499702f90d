/* A root key in a vendor's secure element: three callbacks, and the vault forgets as well as the chip does.
 *
 *     07_secure_element NEW-VAULT
 *
 * The driver below stands in for the vendor's: it keeps one object in memory. A real one (SE05x, ATECC608,
 * OP-TEE storage, Android keystore) must write an object as a whole, so that a power cut leaves the old or
 * the new one, and must not give back what was overwritten. If yours cannot, say BEST_EFFORT. */
#include <stdio.h>
#include <string.h>
#include <voicepriv/voicepriv.h>

/* The vendor's driver: what it takes from the chip's datasheet is not shown. */
typedef struct element {
    unsigned char object[VPRIV_ROOT_RECORD_BYTES];
    int is_written;
    unsigned n_writes;
} element;

static int element_read(element *chip, void *bytes, size_t n_bytes)
{
    memcpy(bytes, chip->object, n_bytes);
    return chip->is_written;
}

static int element_write(element *chip, const void *bytes, size_t n_bytes)
{
    memcpy(chip->object, bytes, n_bytes);
    chip->is_written = 1;
    chip->n_writes++;
    return 1;
}

static int element_delete(element *chip)
{
    memset(chip, 0, sizeof *chip);
    return 1;
}

/* What the library asks of it. It hands over locked memory, and wipes it afterwards. */
static vpriv_status load(void *user, uint8_t *record_out)
{
    return element_read(user, record_out, VPRIV_ROOT_RECORD_BYTES) ? VPRIV_OK : VPRIV_E_NOT_FOUND;
}

/* Good only when the new record is in the chip, and the old one is not. */
static vpriv_status replace(void *user, const uint8_t *record)
{
    return element_write(user, record, VPRIV_ROOT_RECORD_BYTES) ? VPRIV_OK : VPRIV_E_IO;
}

static vpriv_status destroy(void *user)
{
    return element_delete(user) ? VPRIV_OK : VPRIV_E_IO;
}

static int check(vpriv_status st, const char *doing)
{
    if (st != VPRIV_OK)
        fprintf(stderr, "%s: %s: %s\n", doing, vpriv_status_text(st), vpriv_error_detail());
    return st != VPRIV_OK;
}

int main(int argc, char **argv)
{
    element chip = {{0}, 0, 0};
    const vpriv_root_callbacks callbacks = {.struct_size = sizeof callbacks,
        .assurance = VPRIV_ASSURANCE_KEYED,
        .load = load,
        .replace = replace,
        .destroy = destroy,
        .user = &chip};
    uint8_t ada[VPRIV_SUBJECT_ID_BYTES];
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    vpriv_root_store *root = NULL;
    vpriv_keyring *keyring = NULL;
    vpriv_vault *vault = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: 07_secure_element NEW-VAULT\n");
        return 2;
    }
    int failed = check(vpriv_root_callbacks_open(&callbacks, &root), "element") ||
                 check(vpriv_vault_create(argv[1], root, NULL, &keyring, &vault), "vault") ||
                 check(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, ada), "person") ||
                 check(vpriv_subject_erase(vault, ada, &receipt), "erase");
    if (!failed)
        printf("erased: generation %llu to %llu, %s; the chip was written %u times\n",
            (unsigned long long)receipt.generation_before,
            (unsigned long long)receipt.generation_after,
            receipt.assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best effort", chip.n_writes);
    vpriv_vault_close(vault);
    vpriv_keyring_close(keyring);
    vpriv_root_close(root);
    return failed;
}
