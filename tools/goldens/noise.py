"""Bytes from a name, and the fields in them that must hold sensible numbers.

The same is in crates/inference/tests/it/checkpoint/noise.rs. All of it is
whole numbers, so that both give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GOLDEN_RATIO = 0x9E3779B97F4A7C15


def seed_of(name: str) -> int:
    """FNV-1a of 64 bits."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & (2**64 - 1)
    return seed


def words(seed: int, count: int) -> np.ndarray:
    """The first numbers of splitmix64."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN_RATIO)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


@dataclass(frozen=True)
class Field:
    """A number at `offset` in every `stride` bytes whose exponent is one of
    the `1 + spread` from `exponent` on; `spread` is 1 or 3.

    Where `signed`, the sign is random, and a random exponent of all ones gives
    a subnormal number, as otherwise no test would meet one.
    """

    kind: str
    exponent: int
    spread: int = 1
    signed: bool = True
    offset: int = 0
    stride: int = 0


# Bytes, bits of the fraction, bits of the exponent, its bias.
FLOATS = {"F32": (4, 23, 8, 127), "F16": (2, 10, 5, 15), "BF16": (2, 7, 8, 127), "E4M3": (1, 3, 4, 7)}


def bytes_of(name: str, count: int, fields: list[Field]) -> np.ndarray:
    data = words(seed_of(name), -(-count // 8)).astype("<u8").view(np.uint8)[:count].copy()
    for field in fields:
        set_field(data, field)
    return data


def set_field(data: np.ndarray, field: Field) -> None:
    if field.kind == "E4M3 weight":
        # The two patterns that are not numbers.
        data[(data & 0x7F) == 0x7F] ^= 1
        return
    if field.kind == "E8M0":
        stride = field.stride or 1
        data[field.offset :: stride] = field.exponent + 127 + (data[field.offset :: stride] & field.spread)
        return
    size, fraction, exponent_bits, bias = FLOATS[field.kind]
    stride = field.stride or size
    rows = data.reshape(-1, stride)
    unsigned = np.dtype(f"<u{size}")
    bits = rows[:, field.offset : field.offset + size].copy().view(unsigned)[:, 0].astype(np.int64)
    full = (1 << exponent_bits) - 1
    found = (bits >> fraction) & full
    wanted = field.exponent + bias + (found & field.spread)
    keep = (1 << fraction) - 1
    if field.signed:
        wanted = np.where(found == full, 0, wanted)
        keep |= 1 << (fraction + exponent_bits)
    bits = (bits & keep) | (wanted << fraction)
    rows[:, field.offset : field.offset + size] = bits.astype(unsigned).view(np.uint8).reshape(-1, size)
