"""A thread that sleeps for a millisecond at a time, next to one long call into C."""

import threading
import time


def longest_pause(work):
    """Returns the longest pause of a thread that sleeps for 1 ms at a time while `work` runs."""
    pauses, done = [], threading.Event()

    def doze():
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            pauses.append(now - last)
            last = now

    dozer = threading.Thread(target=doze)
    dozer.start()
    work()
    done.set()
    dozer.join()
    return max(pauses)


def in_python():
    total = 0
    for number in range(20_000_000):
        total += number


def in_c():
    sum(range(20_000_000))


for work in in_python, in_c:
    print(f"{work.__name__:9}  longest pause {longest_pause(work) * 1000:.0f} ms")
