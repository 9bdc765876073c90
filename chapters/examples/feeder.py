"""An item that can't be pickled fails in the queue's feeder thread, not in put: python3 chapters/examples/feeder.py"""

import multiprocessing
import queue

# ANCHOR: put
jobs = multiprocessing.Queue()
jobs.put(number for number in range(3))
print("put returned", flush=True)
try:
    jobs.get(timeout=1)
except queue.Empty:
    print("no item arrived")
# ANCHOR_END: put
