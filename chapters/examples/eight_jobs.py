"""Eight jobs, done by a few threads: those of `chapter-threads --jobs=8 --seed=1`."""

import argparse
import hashlib
import queue
import random
import threading
import time


def work(jobs, scale):
    while True:
        try:
            size = jobs.get_nowait()
        except queue.Empty:
            return
        for _ in range(int(1_000_000 * size * scale)):
            hashlib.sha3_512(b"").digest()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4, help="the number of threads")
    parser.add_argument("--scale", type=float, default=1.0, help="a factor for the size of each job")
    options = parser.parse_args()

    jobs, sizes = queue.Queue(), random.Random(1)
    for _ in range(8):
        jobs.put(0.5 + sizes.random())
    workers = [threading.Thread(target=work, args=(jobs, options.scale)) for _ in range(options.workers)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(f"{time.perf_counter() - start:.1f} s")


main()
