"""Two threads add to one number, and some of their additions are lost although there is a GIL.

`lost_updates.rs`, beside this file, does the same in Rust.
"""

import threading
import time

ADDITIONS = 500_000
x = 0
lock = threading.Lock()


# ANCHOR: add
def one():
    return 1


def with_a_constant():
    global x
    for _ in range(ADDITIONS):
        x += 1


def with_a_call():
    global x
    for _ in range(ADDITIONS):
        x += one()


def with_a_lock():
    global x
    for _ in range(ADDITIONS):
        with lock:
            x += one()
# ANCHOR_END: add


def main():
    global x
    for work in with_a_constant, with_a_call, with_a_lock:
        x = 0
        threads = [threading.Thread(target=work) for _ in range(2)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        total = ADDITIONS * len(threads)
        each = (time.perf_counter() - start) * 1e9 / total
        how = work.__name__.replace("_", " ")
        print(f"{how:15}  {total} additions, x is {x}: {total - x} lost, {each:.0f} ns each")


main()
