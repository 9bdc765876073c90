"""The memory of idle asyncio workers: `memory.py NUMBER` prints the peak in bytes."""

import asyncio
import resource
import sys
import time


async def work(running, shared):
    while running.locked():
        try:
            await asyncio.wait_for(shared.get(), timeout=1.0)
        except asyncio.TimeoutError:
            pass


async def idle(number, seconds):
    """Has so many workers without work for a while, and returns the seconds from the deadline to the last one's end."""
    running, shared = asyncio.Lock(), asyncio.Queue()
    await running.acquire()
    workers = [asyncio.create_task(work(running, shared)) for _ in range(number)]
    await asyncio.sleep(seconds)
    deadline = time.monotonic()
    running.release()
    await asyncio.gather(*workers)
    return time.monotonic() - deadline


if __name__ == "__main__":
    asyncio.run(idle(int(sys.argv[1]), 0.5))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
