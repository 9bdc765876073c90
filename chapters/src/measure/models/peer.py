"""The service of this book on CPython's own standard library: prints what a run took, as a line of JSON.

`peer.py MODEL JOBS WORKERS KIND SCALE SEED END`. MODEL can also be `spawn` or `forkserver`, for
processes that are started that way, or a pool of `concurrent.futures`. If END is `done`, it ends with its jobs. If it's `idle`, it prints
a line for each worker that has started, and runs until SIGTERM.
"""

import asyncio
import concurrent.futures
import json
import multiprocessing
import queue
import random
import resource
import signal
import sys
import threading
import time
from hashlib import sha3_512

MODEL, JOBS, WORKERS, KIND = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
# A sentinel for each worker: an item that says that no more jobs will come.
NO_MORE = [None] * WORKERS
SCALE, SEED, IDLE = float(sys.argv[5]), int(sys.argv[6]), sys.argv[7] == "idle"


def jobs():
    sizes = random.Random(SEED)
    for number in range(JOBS):
        waits = KIND == "io" or KIND == "mixed" and number % 2 == 1
        yield waits, (0.5 + sizes.random()) * SCALE
    if not IDLE:
        yield from NO_MORE


def hold_back():
    """Blocks SIGTERM for `sigwait`. Some start methods of `multiprocessing` let it through again."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def wait():
    """Waits for SIGTERM, with all workers started, if they should be idle."""
    if IDLE:
        hold_back()
        print("worker_started\n" * WORKERS, end="", flush=True)
        signal.sigwait({signal.SIGTERM})


def stop(stopping, put):
    """Stops a service whose workers were idle."""
    if IDLE:
        stopping.set()
        for sentinel in NO_MORE:
            put(sentinel)


def compute(size):
    for _ in range(int(1_000_000 * size)):
        sha3_512(b"").digest()


def run(job):
    waits, size = job
    if waits:
        time.sleep(size)
    else:
        compute(size)


def peak():
    """The most memory of this process that was resident; a fork begins with its parent's in `ru_maxrss`."""
    try:
        with open("/proc/self/status") as status:
            lines = [line.split() for line in status if line.startswith("VmHWM:")]
        return int(lines[0][1]) * 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def work(stopping, shared, said):
    said.put((time.monotonic(), 0))
    while not stopping.is_set():
        job = shared.get()
        if job is None:
            break
        run(job)
    said.put((0.0, peak()))


def threads():
    stopping, shared, said = threading.Event(), queue.Queue(), queue.SimpleQueue()
    workers = [threading.Thread(target=work, args=(stopping, shared, said)) for _ in range(WORKERS)]
    return serve(stopping, shared, said, workers)


def processes(method):
    context = multiprocessing.get_context(method)
    stopping, shared, said = context.Event(), context.Queue(), context.SimpleQueue()
    workers = [context.Process(target=work, args=(stopping, shared, said)) for _ in range(WORKERS)]
    return serve(stopping, shared, said, workers)


def pool(name):
    """The same jobs, given to a pool, which is there as soon as its object is made."""
    options = {"mp_context": multiprocessing.get_context("fork")} if name == "ProcessPoolExecutor" else {}
    begin = time.monotonic()
    with getattr(concurrent.futures, name)(WORKERS, **options) as executor:
        for _ in executor.map(run, [job for job in jobs() if job]):
            pass
    end = time.monotonic()
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return begin, begin, end, end, peak() + (WORKERS * children if options else 0)


def serve(stopping, shared, said, workers):
    begin = time.monotonic()
    for worker in workers:
        worker.start()
    for job in jobs():
        shared.put(job)
    # Idle workers say that they have started, and nothing else.
    answers = [said.get() for _ in range(WORKERS)] if IDLE else []
    wait()
    stopped = time.monotonic()
    stop(stopping, shared.put)
    answers += [said.get() for _ in range(2 * WORKERS - len(answers))]
    for worker in workers:
        worker.join()
    end = time.monotonic()
    most = peak() + (sum(most for _, most in answers) if MODEL not in ("threads", "coroutines") else 0)
    return begin, max(at for at, _ in answers), stopped, end, most


async def work_as_coroutine(stopping, shared, starts):
    starts.append(time.monotonic())
    while not stopping.is_set():
        job = await shared.get()
        if job is None:
            break
        waits, size = job
        if waits:
            await asyncio.sleep(size)
        else:
            compute(size)
            await asyncio.sleep(0)


async def coroutines():
    stopping, shared, starts = asyncio.Event(), asyncio.Queue(), []
    for job in jobs():
        shared.put_nowait(job)
    begin = time.monotonic()
    workers = [asyncio.create_task(work_as_coroutine(stopping, shared, starts)) for _ in range(WORKERS)]
    while IDLE and len(starts) < WORKERS:
        await asyncio.sleep(0)
    wait()
    stopped = time.monotonic()
    stop(stopping, shared.put_nowait)
    await asyncio.gather(*workers)
    return begin, max(starts), stopped, time.monotonic(), peak()


def used():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    if IDLE:
        hold_back()  # before there are other threads
    before = used()
    services = {"threads": threads, "coroutines": lambda: asyncio.run(coroutines())}
    services["processes"] = lambda: processes("fork")
    for method in ("spawn", "forkserver"):
        services[method] = lambda method=method: processes(method)
    begin, started, stopped, end, most = services[MODEL]() if MODEL in services else pool(MODEL)
    print(
        json.dumps(
            {
                "wall_seconds": end - begin,
                "cpu_seconds": used() - before,
                "peak_rss_bytes": most,
                "start_seconds": max(0.0, started - begin),
                "stop_seconds": end - stopped,
            }
        )
    )
