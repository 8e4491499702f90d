#!/usr/bin/env python3
"""What a vault holds, as JSON: read from outside, with the independent reader.

    decrypt.py VAULT ROOT-KEY-FILE [KEYRING ...] [--checkpoint FILE]
"""

import argparse
import json
import pathlib
import sys

sys.dont_write_bytecode = True
from reader import (  # noqa: E402
    Failure, RollbackError, Vault, check_checkpoint, merkle_root, need, parse_keyring,
    parse_root_file)


def plain_json(value):
    """Bytes as hexadecimal, everything else as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(k): plain_json(v) for k, v in value.items()
                if k not in ("key", "tag_bytes", "shred_key", "inner", "wraps")}
    if isinstance(value, (list, tuple)):
        return [plain_json(v) for v in value]
    return value


def main():
    """Print a vault."""
    parser = argparse.ArgumentParser(description="print what a vault holds, as JSON")
    parser.add_argument("vault")
    parser.add_argument("root")
    parser.add_argument("keyrings", nargs="*")
    parser.add_argument("--checkpoint")
    arguments = parser.parse_args()
    try:
        root = parse_root_file(pathlib.Path(arguments.root).read_bytes())
        rings = [parse_keyring(pathlib.Path(path).read_bytes()) for path in arguments.keyrings]
        vault = Vault(arguments.vault, root, rings)
        shown = {name: getattr(vault, name) for name in (
            "vault_id", "generation", "settings", "subjects", "notices", "consents", "recordings",
            "pending", "log")}
        if arguments.checkpoint:
            note = pathlib.Path(arguments.checkpoint).read_text(encoding="utf-8")
            size, at = check_checkpoint(note, vault.vault_id, vault.meta["device_public_key"])
            leaves = [row["hash"] for row in vault.image["log_hash"] if row["id"] < 2**56]
            need(size <= len(leaves), RollbackError, "the log is shorter than the checkpoint")
            need(merkle_root(leaves[:size]) == at)
            shown["checkpoint"] = {"size": size, "root": at}
    except (Failure, OSError) as error:
        sys.exit(f"decrypt.py: {type(error).__name__}: {error}")
    json.dump(plain_json(shown), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
