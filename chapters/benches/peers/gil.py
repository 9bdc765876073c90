"""What CPython's own GIL does, in seconds.

`gil.py hold INTERVAL SECONDS` prints how long each of two CPU-bound threads holds it, at the median. `gil.py wait WAIT
SECONDS` prints how long a thread needs for a wait beside a CPU-bound one, and `gil.py wait-alone WAIT SECONDS` without.
"""

import statistics
import sys
import threading
import time


def hold(interval, seconds):
    sys.setswitchinterval(interval)
    holder = None
    changes = []
    end = time.perf_counter() + seconds

    def work(me):
        nonlocal holder
        while True:
            if holder != me:
                holder = me
                now = time.perf_counter()
                changes.append(now)
                if now > end:
                    break

    threads = [threading.Thread(target=work, args=[me]) for me in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.median(later - earlier for earlier, later in zip(changes, changes[1:]))


def wait(wait, seconds, beside=True):
    done = False

    def compute():
        while not done:
            pass

    other = threading.Thread(target=compute)
    if beside:
        other.start()
    waits = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        time.sleep(wait)
        waits += 1
    done = True
    if beside:
        other.join()
    return seconds / waits


def wait_alone(duration, seconds):
    return wait(duration, seconds, beside=False)


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[2:]]
    print({"hold": hold, "wait": wait, "wait-alone": wait_alone}[sys.argv[1]](*arguments))
