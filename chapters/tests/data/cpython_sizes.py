#!/usr/bin/env python3
"""Prints the sizes of the first jobs that CPython makes from some seeds.

One line a seed: the seed, then its sizes, separated by tabs. A size is there twice, as its repr and as its 64 bits.
"""

import random
import struct
import sys

SIZES = 6

# Since 3.11, CPython prints integers of this length only when told to.
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

SEEDS = [0, 1, -1, 2, -5, 42, 2**53 - 1, 2**53 + 1]
for bits in (31, 32, 63, 64):
    SEEDS += [2**bits - 1, 2**bits, 2**bits + 1, -(2**bits)]
SEEDS += [-(2**70), 10**50, -(10**50), 10**400]
# The generator has a state of 624 words of 32 bits: the least and the largest key of about that length.
for words in (2, 3, 623, 624, 625, 1000):
    SEEDS += [2 ** (32 * (words - 1)), 2 ** (32 * words) - 1]

print("# Sizes of CPython's jobs, printed by cpython_sizes.py beside this file.")
for seed in SEEDS:
    rng = random.Random(seed)
    sizes = [0.5 + rng.random() for _ in range(SIZES)]
    cells = [f"{size!r} {struct.pack('>d', size).hex()}" for size in sizes]
    print(seed, *cells, sep="\t")
