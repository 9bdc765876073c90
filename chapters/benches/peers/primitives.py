"""CPython's own lock for processes: `primitives.py TIMES` prints the seconds that it takes to acquire and to release it."""

import multiprocessing
import sys
import time

TIMES = int(sys.argv[1])
lock = multiprocessing.Lock()
begin = time.perf_counter()
for _ in range(TIMES):
    with lock:
        pass
print((time.perf_counter() - begin) / TIMES)
