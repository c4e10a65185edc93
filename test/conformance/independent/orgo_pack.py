#!/usr/bin/env python3
"""Reads the indexes of a Runtime Pack by docs/packs.md and the published formats alone. No code of Orgo is used.

orgo_pack.py bitmaps FILE          prints {"id": [row, ...]} of a bitmap index
orgo_pack.py filter FILE < TEXTS   prints for each line of standard input whether its key may be in the filter
"""
import hashlib
import json
import struct
import sys

MASK = (1 << 64) - 1


def bitmap(data):
    """The members of one bitmap in the portable Roaring format."""
    (cookie,) = struct.unpack_from("<I", data)
    runs = cookie & 0xFFFF == 12347
    count = (cookie >> 16) + 1 if runs else struct.unpack_from("<I", data, 4)[0]
    flags = data[4:4 + (count + 7) // 8] if runs else b""
    at = 4 + len(flags) if runs else 8
    heads = [struct.unpack_from("<HH", data, at + 4 * i) for i in range(count)]
    at += 4 * count + (4 * count if not runs or count >= 4 else 0)
    members = []
    for i, (key, less) in enumerate(heads):
        if runs and flags[i // 8] >> (i % 8) & 1:
            (pairs,) = struct.unpack_from("<H", data, at)
            words = struct.unpack_from(f"<{2 * pairs}H", data, at + 2)
            low = [v for start, more in zip(words[::2], words[1::2]) for v in range(start, start + more + 1)]
            at += 2 + 4 * pairs
        elif less < 4096:
            low = struct.unpack_from(f"<{less + 1}H", data, at)
            at += 2 * (less + 1)
        else:
            bits = int.from_bytes(data[at:at + 8192], "little")
            low = [v for v in range(65536) if bits >> v & 1]
            at += 8192
        members += [key << 16 | v for v in low]
    assert at == len(data), "bytes left over"
    return members


def bitmaps(data):
    assert data[:8] == b"ORGOBMP1"
    count, _rows = struct.unpack_from("<II", data, 8)
    entries = [struct.unpack_from("<III", data, 16 + 12 * i) for i in range(count)]
    ends = [offset for _, _, offset in entries[1:]] + [len(data)]
    found = {}
    for (identifier, size, offset), end in zip(entries, ends):
        found[identifier] = bitmap(data[offset:end])
        assert len(found[identifier]) == size
    return found


def rotated(h, by):
    return (h << by | h >> 64 - by) & MASK if by else h


def has(data, text):
    assert data[:8] == b"ORGOXOR8"
    _space, _keys, block, seed = struct.unpack_from("<4I", data, 8)
    if block == 0:
        return False
    h = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") + seed & MASK
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD & MASK
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    h ^= h >> 33
    found = 0
    for part, by in enumerate((0, 21, 42)):
        found ^= data[32 + part * block + ((rotated(h, by) & 0xFFFFFFFF) * block >> 32)]
    return found == (h ^ h >> 32) & 0xFF


if __name__ == "__main__":
    command, name = sys.argv[1:3]
    with open(name, "rb") as file:
        content = file.read()
    if command == "bitmaps":
        print(json.dumps(bitmaps(content)))
    else:
        print(json.dumps([has(content, line) for line in sys.stdin.read().splitlines()]))
