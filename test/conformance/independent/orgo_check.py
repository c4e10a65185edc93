#!/usr/bin/env python3
"""Recomputes what Orgo claims, with nothing of Orgo's: Python 3 and its standard library only.

  orgo_check.py digest FILE       sha256 of the RFC 8785 form of a JSON file
  orgo_check.py kristal-id FILE   id of an Exchange: without top-level kristal_id and signatures, RFC 8785, sha256
  orgo_check.py log DIR           RFC 6962 root of DIR/entries.jsonl, against size and root in DIR/checkpoint
  orgo_check.py tiles DIR         C2SP tlog-tiles: every bundle and tile of DIR, against size and root in DIR/checkpoint
  orgo_check.py consistency FILE  consistency proof {from, to, from_root (hex), root (hex), path [hex]}
  orgo_check.py inclusion FILE    inclusion proof {index, size, leaf (base64), path [hex], root (hex)}
  orgo_check.py lines             per line of stdin, hex of JSON bytes: its canonical text, or why it is refused

Prints what it found; exit 0 when it agrees, 1 when it does not, 2 on wrong use.
The standard library has no Ed25519: the signature lines of a checkpoint are not checked here.
"""

import base64
import hashlib
import json
import math
import re
import sys
from pathlib import Path

SAFE = 2**53 - 1
LEAF, NODE = b"\x00", b"\x01"


class Refused(Exception):
    """Input that is not I-JSON, or evidence that does not add up; the message is a code or a sentence."""


# JSON in: strict, so that no duplicate member and no number that changes on the way can hide.

def pairs(members):
    names = [name for name, _ in members]
    if len(set(names)) != len(names):
        raise Refused("JSON_DUPLICATE_KEY")
    if {"__proto__", "constructor", "prototype"} & set(names):
        raise Refused("JSON_FORBIDDEN_KEY")
    return dict(members)


def number(literal):
    value = float(literal)
    negative_zero = value == 0 and literal.startswith("-")
    lost = value == 0 and re.match(r"[0.]*[1-9]", literal)
    unsafe = abs(value) > SAFE and (abs(value) < 1e21 or literal.lstrip("-").isdigit())
    if math.isinf(value) or negative_zero or lost or unsafe:
        raise Refused("JSON_NUMBER_RANGE")
    return value


def constant(name):
    raise Refused("JSON_MALFORMED")


def read(data):
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_int=number, parse_float=number,
                           parse_constant=constant)
        check_text(value)
        return value
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise Refused("JSON_MALFORMED") from None
    except RecursionError:
        raise Refused("JSON_TOO_DEEP") from None


def check_text(value):
    for point in map(ord, value if isinstance(value, str) else ""):
        if 0xD800 <= point <= 0xDFFF or 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE:
            raise Refused("JSON_INVALID_UNICODE")
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    for inner in inside:
        check_text(inner)


# JSON out: RFC 8785.

def digits(value):
    """ECMAScript Number::toString: Python's repr gives the same shortest digits, in another layout."""
    if value <= 0:
        return "-" + digits(-value) if value else "0"
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    figures = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(figures))
    figures = figures.rstrip("0")
    count = len(figures)
    if count <= point <= 21:
        return figures + "0" * (point - count)
    if 0 < point <= 21:
        return figures[:point] + "." + figures[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + figures
    return figures[0] + ("." + figures[1:] if count > 1 else "") + f"e{point - 1:+d}"


def canonical(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return digits(value)
    return json.dumps(value, ensure_ascii=False)


def digest(value):
    return "sha256:" + hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


# RFC 6962.

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(hashes):
    """The definition of RFC 6962 section 2.1: split at the largest power of two below the size."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(NODE, root_of(hashes[:split]), root_of(hashes[split:]))


def root_from(index, size, leaf, path):
    """The root that a path leads to, by the same splits from the top; None when the path does not fit."""
    if size == 1 or not path:
        return leaf if size == 1 and not path else None
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        below = root_from(index, split, leaf, path[:-1])
        return below and sha256(NODE, below, path[-1])
    below = root_from(index - split, size - split, leaf, path[:-1])
    return below and sha256(NODE, path[-1], below)


def roots_from(old, size, path, whole, old_root):
    """Roots of the old and the new tree that a consistency path leads to, by SUBPROOF of RFC 6962 section 2.1.2."""
    if old == size:
        if whole:
            return old_root, old_root
        return (path[0], path[0]) if len(path) == 1 else None
    if not path:
        return None
    split = 1 << (size - 1).bit_length() - 1
    if old <= split:
        below = roots_from(old, split, path[:-1], whole, old_root)
        return below and (below[0], sha256(NODE, below[1], path[-1]))
    below = roots_from(old - split, size - split, path[:-1], False, old_root)
    return below and (sha256(NODE, path[-1], below[0]), sha256(NODE, path[-1], below[1]))


def check_consistency(proof):
    old, size = int(proof["from"]), int(proof["to"])
    path, old_root = [bytes.fromhex(step) for step in proof["path"]], bytes.fromhex(proof["from_root"])
    if not 0 < old <= size or any(len(step) != 32 for step in [*path, old_root]):
        raise Refused("no such earlier log")
    found = (old_root, old_root) if old == size and not path else old < size and roots_from(old, size, path, True, old_root)
    if not found or found[0] != old_root or found[1].hex() != proof["root"]:
        raise Refused("the path does not lead to both roots")
    return f"{old} {size} {found[1].hex()}"


def tile_path(level, index, width):
    digits = f"{index:03d}"
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    groups = [digits[at:at + 3] for at in range(0, len(digits), 3)]
    return f"tile/{level}/" + "/".join([*("x" + group for group in groups[:-1]), groups[-1]]) + (f".p/{width}" if width < 256 else "")


def entries_in(bundle, width):
    entries = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        if len(bundle) < end:
            raise Refused("a bundle is cut off")
        entries.append(bundle[2:end])
        bundle = bundle[end:]
    if len(entries) != width:
        raise Refused(f"a bundle of {len(entries)} entries, not {width}")
    return entries


def check_tiles(folder):
    origin, size, root = (folder / "checkpoint").read_text("utf-8").split("\n")[:3]
    level, names, hashes = 0, set(), []
    for start in range(0, int(size), 256):
        width = min(256, int(size) - start)
        names.add(tile_path("entries", start // 256, width))
        bundle = (folder / tile_path("entries", start // 256, width)).read_bytes()
        hashes += [sha256(LEAF, entry) for entry in entries_in(bundle, width)]
    found = root_of(hashes)
    if found != base64.b64decode(root, validate=True):
        raise Refused(f"the entries give root {found.hex()}, the checkpoint of {origin} another")
    while hashes:
        for start in range(0, len(hashes), 256):
            name = tile_path(level, start // 256, len(hashes[start:start + 256]))
            names.add(name)
            if (folder / name).read_bytes() != b"".join(hashes[start:start + 256]):
                raise Refused(f"{name} is not the tile of the entries")
        hashes = [root_of(hashes[at:at + 256]) for at in range(0, len(hashes) // 256 * 256, 256)]
        level += 1
    there = {path.relative_to(folder).as_posix() for path in (folder / "tile").rglob("*") if path.is_file()}
    if there != names:
        raise Refused(f"tiles that the size does not have: {sorted(there - names)}")
    return f"{size} {found.hex()} {len(names)}"


def check_log(folder):
    hashes = []
    for line in (folder / "entries.jsonl").read_bytes().splitlines():
        entry = read(line)
        if entry["index"] != len(hashes):
            raise Refused(f"entry {len(hashes)} is missing")
        hashes.append(sha256(LEAF, base64.b64decode(entry["leaf"], validate=True)))
    origin, size, root = (folder / "checkpoint").read_text("utf-8").split("\n")[:3]
    if str(len(hashes)) != size:
        raise Refused(f"{len(hashes)} entries, but the checkpoint of {origin} says {size}")
    found = root_of(hashes)
    if found != base64.b64decode(root, validate=True):
        raise Refused(f"the entries give root {found.hex()}, the checkpoint of {origin} another")
    return f"{size} {found.hex()}"


def check_inclusion(proof):
    index, size = int(proof["index"]), int(proof["size"])
    path = [bytes.fromhex(step) for step in proof["path"]]
    leaf = sha256(LEAF, base64.b64decode(proof["leaf"], validate=True))
    found = root_from(index, size, leaf, path) if 0 <= index < size and all(len(step) == 32 for step in path) else None
    if found is None or found.hex() != proof["root"]:
        raise Refused("the path does not lead to the root")
    return f"{index} {size} {found.hex()}"


def check_exchange(exchange):
    found = digest({name: value for name, value in exchange.items() if name not in ("kristal_id", "signatures")})
    if exchange.get("kristal_id", found) != found:
        raise Refused(f"computed {found}, declared {exchange['kristal_id']}")
    return found


def answer(line):
    try:
        return {"canonical": canonical(read(bytes.fromhex(line)))}
    except Refused as refused:
        return {"code": str(refused)}


def main(command="", target="-"):
    try:
        if command == "lines":
            for line in sys.stdin:
                print(json.dumps(answer(line.strip())))
        elif command == "log":
            print(check_log(Path(target)))
        elif command == "tiles":
            print(check_tiles(Path(target)))
        elif command in ("digest", "kristal-id", "inclusion", "consistency"):
            check = {"digest": digest, "kristal-id": check_exchange, "inclusion": check_inclusion,
                     "consistency": check_consistency}[command]
            print(check(read(Path(target).read_bytes())))
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except (Refused, AttributeError, KeyError, OSError, TypeError, ValueError) as wrong:
        print(f"refused: {wrong}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
