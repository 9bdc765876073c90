"""Empty jobs in a pool of processes on one machine. Prints how many are done per second.

    pool_peer.py JOBS WORKERS
"""

import multiprocessing
import sys
import time


def empty(number):
    return number


if __name__ == "__main__":
    jobs, workers = int(sys.argv[1]), int(sys.argv[2])
    with multiprocessing.Pool(workers) as pool:
        results = pool.imap_unordered(empty, range(jobs))
        next(results)
        begin = time.perf_counter()
        done = sum(1 for _ in results)
        print(done / (time.perf_counter() - begin))
