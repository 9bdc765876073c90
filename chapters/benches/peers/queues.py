"""Items through CPython's own queues: `queues.py QUEUE ITEMS` prints the seconds per item, from one process to another.

QUEUE is `Queue` or `SimpleQueue` of `multiprocessing`, or `threads` for `queue.Queue`, from one thread to another. An item is
a number; the time runs from the first `put` to the end of the last `get`.
"""

import multiprocessing
import queue
import sys
import threading
import time

QUEUE, ITEMS = sys.argv[1], int(sys.argv[2])


def take(items, ready, done):
    ready.set()
    for _ in range(ITEMS):
        items.get()
    done.put(time.monotonic())


if __name__ == "__main__":
    if QUEUE == "threads":
        items, done, ready, start = queue.Queue(), queue.SimpleQueue(), threading.Event(), threading.Thread
    else:
        context = multiprocessing.get_context("fork")
        items, done = getattr(context, QUEUE)(), context.SimpleQueue()
        ready, start = context.Event(), context.Process
    taker = start(target=take, args=(items, ready, done))
    taker.start()
    ready.wait()
    begin = time.monotonic()
    for item in range(ITEMS):
        items.put(item)
    end = done.get()
    taker.join()
    print((end - begin) / ITEMS)
