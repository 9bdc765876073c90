"""The memory of idle asyncio workers: `memory.py NUMBER` prints the peak in bytes."""

import asyncio
import resource
import sys


async def work(running, shared):
    while running.locked():
        try:
            await asyncio.wait_for(shared.get(), timeout=1.0)
        except asyncio.TimeoutError:
            pass


async def main(number):
    running, shared = asyncio.Lock(), asyncio.Queue()
    await running.acquire()
    workers = [asyncio.create_task(work(running, shared)) for _ in range(number)]
    await asyncio.sleep(0.5)
    running.release()
    await asyncio.gather(*workers)


asyncio.run(main(int(sys.argv[1])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
