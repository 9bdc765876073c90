"""A list arrives. An item that can't be pickled fails in the queue's feeder thread, not in put: python3 chapters/examples/feeder.py"""

import multiprocessing
import queue

# ANCHOR: put
jobs = multiprocessing.Queue()
for item in [0, 1, 2], (number for number in range(3)):
    jobs.put(item)
    print("put returned", flush=True)
    try:
        print("received", jobs.get(timeout=1), flush=True)
    except queue.Empty:
        print("no item arrived")
# ANCHOR_END: put
