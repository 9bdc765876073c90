"""What a multiprocessing.Queue cannot pickle fails in its feeder: python3 chapters/examples/feeder.py"""

import multiprocessing
import queue

# ANCHOR: put
jobs = multiprocessing.Queue()
jobs.put(number for number in range(3))
print("put has returned", flush=True)
try:
    jobs.get(timeout=1)
except queue.Empty:
    print("nothing has come")
# ANCHOR_END: put
