"""Idle asyncio workers: `memory.py NUMBER` prints `started` when they wait for work, and ends at SIGTERM."""

import asyncio
import signal
import sys
import time


async def work(stopping, shared):
    while not stopping.is_set():
        if await shared.get() is None:
            break


async def idle(number, seconds):
    """Has so many workers without work for a while, and returns the seconds from the deadline to the last one's end."""
    stopping, shared = asyncio.Event(), asyncio.Queue()
    workers = [asyncio.create_task(work(stopping, shared)) for _ in range(number)]
    await asyncio.sleep(seconds)
    deadline = time.monotonic()
    stopping.set()
    for _ in workers:
        shared.put_nowait(None)
    await asyncio.gather(*workers)
    return time.monotonic() - deadline


async def crowd(number):
    shared = asyncio.Queue()
    workers = [asyncio.create_task(work(asyncio.Event(), shared)) for _ in range(number)]
    await asyncio.sleep(0)
    print("started", flush=True)
    await asyncio.gather(*workers)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    asyncio.run(crowd(int(sys.argv[1])))
