"""Hashes 50 MB in pieces, by one thread and by two: hashlib releases the GIL for 2,048 bytes (3.15: 2,049) or more."""

import hashlib
import threading
import time

TOTAL = 50_000_000


def work(piece, count):
    for _ in range(count):
        hashlib.sha3_512(piece)


def seconds(workers, size):
    """Returns how long `workers` threads take to hash all pieces of `size` bytes."""
    count = TOTAL // size // workers
    threads = [threading.Thread(target=work, args=[bytes(size), count]) for _ in range(workers)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


for size in 2047, 2049:
    one, two = seconds(1, size), seconds(2, size)
    print(f"{size} bytes: one thread {one:.2f} s, two threads {two:.2f} s, {one / two:.2f} times as fast")
