"""The memory of idle asyncio workers: `memory.py NUMBER` prints the peak in bytes."""

import asyncio
import resource
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


if __name__ == "__main__":
    asyncio.run(idle(int(sys.argv[1]), 0.5))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
