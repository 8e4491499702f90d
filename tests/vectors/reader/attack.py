"""The attacker: whatever many copies and secrets open together, whether the rules allow it or not."""

import itertools
import struct

from .primitives import AuthError, Failure, derive, place, unseal, unseal_padded
from .rows import (
    NODE_KEYS, branch_of, open_block, open_content, open_derivative_wrap, open_envelope,
    open_inner, parse_block, parse_header, parse_node, parse_shelf, parse_wraps, tag_hash,
    wrap_key)
from .vault import Image


def open_node_versions(images, vault_id, root_keys):
    """Every leaf that any version of any node gives, from these root keys: slot to keys."""
    versions = {}
    for image in images:
        for row in image["key_node"]:
            versions.setdefault(row["id"], set()).add(row["sealed"])
    leaves, todo, done = {}, [], set()
    for root_key in root_keys:
        todo += [(row, derive(root_key, "root: key tree")) for row in versions]
    while todo:
        row, key = todo.pop()
        if (row, key) in done:
            continue
        done.add((row, key))
        for sealed in versions.get(row, ()):
            try:
                _, keys = parse_node(unseal(key, place(vault_id, 1, row), sealed))
            except AuthError:
                continue
            level, index = row >> 56, row & (2**56 - 1)
            for position, below in enumerate(keys):
                number = index * NODE_KEYS + position
                if any(below) and level:
                    todo.append(((level - 1) << 56 | number, below))
                elif any(below):
                    leaves.setdefault(number, set()).add(below)
    return leaves


def all_root_keys(images, vault_id, roots):
    """These, and what pending rows give with them."""
    keys = {root["key"] for root in roots}
    while True:
        more = set()
        for image, key in itertools.product(images, keys):
            for row in image["root_pending"]:
                try:
                    more.add(unseal(derive(key, "root: next root"),
                                    place(vault_id, 2, row["generation"]), row["sealed"]))
                except AuthError:
                    pass
        if more <= keys:
            return keys
        keys |= more


def tried(function, *arguments):
    """The result, or None where it fails."""
    try:
        return function(*arguments)
    except Failure:
        return None


def distinct(images, table, *columns):
    """All versions of all rows of a table."""
    return sorted({tuple(row[c] for c in columns) for image in images for row in image[table]
                   if all(row[c] is not None for c in columns)})


def recording_keys(images, vault_id, leaves, secrets, inners):
    """Every recording key that can be had: (name, tag hash, key), and (name, inner) into inners. No
    rule is kept: any leaf may be the shred key, any leaf a grant key, any leaf an ingest secret."""
    keys = sorted(set().union(*leaves.values())) if leaves else []
    found = set()
    for (sealed,) in distinct(images, "ingest", "sealed"):
        for key in keys:
            envelope = tried(open_envelope, key, sealed)
            if envelope and envelope["kind"] == 1:
                for inner, secret in itertools.product(envelope["inner"].values(), secrets):
                    name = envelope["recording_id"]
                    inners.add((name, inner))
                    got = tried(open_inner, inner, secret, name)
                    if got:
                        found.add((name, tag_hash(envelope["tag"]), got))
    headers = distinct(images, "recording", "id", "name", "state", "retention", "key_slot", "header")
    wraps = distinct(images, "wrap", "recording", "sealed")
    for (row, name, state, retention, slot, sealed), shred in itertools.product(headers, keys):
        extra = name + struct.pack("<BHQ", state, retention, slot)
        plain = tried(unseal_padded, derive(shred, "recording: header"),
                      place(vault_id, 10, row, extra), sealed)
        if plain is None:
            continue
        header = parse_header(plain)
        for wrap_row, wrap_sealed in wraps:
            plain = tried(unseal_padded, derive(shred, "recording: wraps"),
                          place(vault_id, 11, wrap_row), wrap_sealed)
            for purpose, wrap in parse_wraps(plain).items() if plain else ():
                where = place(vault_id, 12, purpose, name + header["tag_hash"])
                people = header["speakers"]
                for grants in itertools.product(keys, repeat=len(people)):
                    key = wrap_key(shred, vault_id, name, purpose, list(zip(people, grants)))
                    inner = tried(unseal, key, where, wrap)
                    if inner:
                        inners.add((name, inner))
                    for secret in secrets if inner else ():
                        got = tried(open_inner, inner, secret, name)
                        if got:
                            found.add((name, header["tag_hash"], got))
    return found


def derivatives_with(images, vault_id, leaves, secrets, inners):
    """{id: content} of what was made from recordings: any leaf may be the shred key of any shelf, any
    inner that was had may be the branch."""
    keys = sorted(set().union(*leaves.values())) if leaves else []
    contents, found = {}, {}
    for identity, sealed in distinct(images, "derivative", "name", "sealed"):
        contents.setdefault(identity, []).append(sealed)
    for row, sealed in distinct(images, "shelf", "recording", "sealed"):
        for shred, (name, inner) in itertools.product(keys, sorted(inners)):
            plain = tried(unseal_padded, derive(shred, "derivative: shelf"),
                          place(vault_id, 19, row, name), sealed)
            for entry in parse_shelf(plain) if plain else ():
                for wrap, secret in itertools.product(entry["wraps"].items(), secrets):
                    key = tried(open_derivative_wrap, wrap, branch_of(inner), secret, vault_id,
                                name, entry)
                    for content in contents.get(entry["id"], ()) if key else ():
                        said = tried(open_content, key, vault_id, name, entry, content)
                        if said:
                            found[entry["id"]] = said
    return found


def open_with(images, roots, keyrings):
    """What all these copies and secrets give together.

    images: Image objects or paths, any number of any age; roots: parsed root records; keyrings:
    parsed keyrings. Returns {recording id: [entries of every block that opens]}, for judging how much
    was tried the number of leaves had, and {derivative id: content}.
    """
    images = [image if isinstance(image, Image) else Image(image) for image in images]
    vault_id = images[0]["meta"][0]["vault_id"]
    leaves = open_node_versions(images, vault_id, all_root_keys(images, vault_id, roots))
    secrets = sorted({secret for ring in keyrings for secret in ring["secret"].values()})
    opened, inners = {}, set()
    for name, hashed, key in recording_keys(images, vault_id, leaves, secrets, inners):
        blocks = {}
        for row, sealed in distinct(images, "block", "id", "sealed"):
            for final in (0, 1):
                sequence = row & (2**24 - 1)
                plain = tried(open_block, key, vault_id, name, hashed, sequence, final, sealed)
                if plain:
                    blocks[sequence] = parse_block(plain)[1]
        if blocks:
            opened[name] = [entry for s in sorted(blocks) for entry in blocks[s]]
    return (opened, sum(len(keys) for keys in leaves.values()),
            derivatives_with(images, vault_id, leaves, secrets, inners))
