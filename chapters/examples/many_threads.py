"""What a thousand threads cost that only wait: `python3 chapters/examples/many_threads.py`."""

import queue
import threading
import time

THREADS = 1000


def memory(what):
    """What this process has, in KiB: VmSize is what it may use, VmRSS what it does use."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what))


def wait(begun, end):
    begun.put(None)
    end.wait()


reserved, in_use = memory("VmSize:"), memory("VmRSS:")
begun, end = queue.SimpleQueue(), threading.Event()
start = time.perf_counter()
threads = [threading.Thread(target=wait, args=[begun, end]) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for _ in threads:
    begun.get()
started = time.perf_counter() - start
reserved, in_use = memory("VmSize:") - reserved, memory("VmRSS:") - in_use
start = time.perf_counter()
end.set()
for thread in threads:
    thread.join()
ended = time.perf_counter() - start
print(f"to start one  {started * 1e6 / THREADS:9.1f} µs")
print(f"to end one    {ended * 1e6 / THREADS:9.1f} µs")
print(f"reserved      {reserved / THREADS:9.1f} KiB")
print(f"in use        {in_use / THREADS:9.1f} KiB")
