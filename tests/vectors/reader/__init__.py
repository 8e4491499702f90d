"""An independent reader of vaults, written from doc/format.md alone.

Vault() opens by the rules. open_with() plays the attacker: it takes any number of copies of a vault file, root
records and keyrings, and opens whatever these open together, whether the rules of reading allow it or not.
"""

from .primitives import (
    AuthError, Cursor, Failure, FormatError, RollbackError, RootError, VersionError, blind,
    derive, need, place, sha256, sodium, unseal, unseal_padded, x25519_public)
from .files import parse_keyring, parse_passphrase_file, parse_root_file, parse_root_record
from .rows import (
    NODE_KEYS, bases_of, branch_of, commitment_of, open_block, open_content,
    open_derivative_wrap, open_envelope, open_inner, parse_block, parse_header, parse_node,
    parse_record, parse_shelf, parse_tag, parse_wraps, tag_hash, wrap_key)
from .log import check_checkpoint, leaf_hash, log_commitment, merkle_root, parse_entry
from .vault import INGEST, Image, PAGE, POLICY, STRICT_CATALOGUE, Vault
from .attack import open_with, tried

__all__ = [
    "AuthError", "Cursor", "Failure", "FormatError", "INGEST", "Image", "NODE_KEYS", "PAGE",
    "POLICY", "RollbackError", "RootError", "STRICT_CATALOGUE", "Vault", "VersionError",
    "bases_of", "blind", "branch_of", "check_checkpoint", "commitment_of", "derive",
    "leaf_hash", "log_commitment", "merkle_root", "need", "open_block", "open_content",
    "open_derivative_wrap", "open_envelope", "open_inner", "open_with", "parse_block",
    "parse_entry", "parse_header", "parse_keyring", "parse_node", "parse_passphrase_file",
    "parse_record", "parse_root_file", "parse_root_record", "parse_shelf", "parse_tag",
    "parse_wraps", "place", "sha256", "sodium", "tag_hash", "tried", "unseal", "unseal_padded",
    "wrap_key", "x25519_public"]
