"""Looks at a list while another thread sorts it, and at a dictionary while another thread updates it.

Each operation is one call, but it calls back into Python code, so another thread may run in the middle of it.
"""

import contextlib
import sys
import threading

SIZE = 100_000
ATTEMPTS = 100


class Key:
    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)


# ANCHOR: observe
def sort():
    numbers = list(range(SIZE))
    return numbers, lambda: numbers.sort(key=lambda number: -number)


def update():
    squares, more = {}, [(Key(number), number * number) for number in range(SIZE)]
    return squares, lambda: squares.update(more)


def lengths_during(change, things, lock):
    seen, done = set(), threading.Event()
    def look():
        while not done.is_set():
            with lock:
                seen.add(len(things))

    observer = threading.Thread(target=look)
    observer.start()
    with lock:
        change()
    done.set()
    observer.join()
    return seen
# ANCHOR_END: observe


def main():
    sys.setswitchinterval(1e-4)
    for name, prepare, half_done, what in (
        ("list.sort", sort, {0}, "an empty list"),
        ("dict.update", update, set(range(1, SIZE)), "some of the new items, and not the others"),
    ):
        # Chance decides when the threads take turns, so look again until it happens.
        for how, lock, attempts in ("", contextlib.nullcontext(), ATTEMPTS), (" with a lock", threading.Lock(), 10):
            seen = any(half_done & lengths_during(*reversed(prepare()), lock) for _ in range(attempts))
            print(f"during {name}{how}, another thread saw {what if seen else 'nothing unusual'}")


main()
