"""A coroutine that pauses and one that blocks the event loop, both for a fifth of a second, in asyncio's debug mode."""

import asyncio
import logging
import time


# ANCHOR: blocked
async def pause():
    await asyncio.sleep(0.2)  # lets other coroutines run


async def audit():
    time.sleep(0.2)  # blocks the thread, and with it the event loop


async def main():
    await asyncio.create_task(pause(), name="pause")
    await asyncio.create_task(audit(), name="audit")


logging.basicConfig(format="%(name)s: %(message)s")
asyncio.run(main(), debug=True)
# ANCHOR_END: blocked
