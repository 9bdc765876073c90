"""Simulates downloads that arrive at random times and wait for one of a few workers."""

import heapq
import random


# ANCHOR: simulation
def average_wait(workers, downloads=200_000, per_second=40, seconds=0.3):
    chance = random.Random(1)
    now = waited = 0
    free_at = [0] * workers  # a heap: when each worker will be free
    for _ in range(downloads):
        now += chance.expovariate(per_second)
        start = max(now, heapq.heappop(free_at))
        waited += start - now
        heapq.heappush(free_at, start + seconds)
    return waited / downloads


for workers in (12, 13, 16):
    print(f"{workers} workers: {average_wait(workers):.3f} s")
# ANCHOR_END: simulation
