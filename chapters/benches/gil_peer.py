"""What CPython's own GIL does under the loads of gil.rs.

`gil_peer.py holds INTERVAL SECONDS` or `gil_peer.py convoy WAIT SECONDS`, all in seconds. Prints one line of JSON.
"""

import json
import sys
import threading
import time


def holds(interval, seconds):
    """How long each of two CPU-bound threads holds the GIL, in seconds, from one change of holder to the next."""
    sys.setswitchinterval(interval)
    holder = None
    changes = []
    end = time.perf_counter() + seconds

    def work(me):
        nonlocal holder
        while True:
            if holder != me:
                holder = me
                now = time.perf_counter()
                changes.append(now)
                if now > end:
                    break

    run([threading.Thread(target=work, args=[me]) for me in (1, 2)])
    return [later - earlier for earlier, later in zip(changes, changes[1:])]


def convoy(wait, seconds):
    """How often in a second a thread waits, alone and beside a CPU-bound one."""
    rates = []
    for beside in (False, True):
        waits = 0
        done = False

        def io_bound():
            nonlocal waits, done
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                time.sleep(wait)
                waits += 1
            done = True

        def cpu_bound():
            while not done:
                pass

        run([threading.Thread(target=io_bound)] + [threading.Thread(target=cpu_bound)] * beside)
        rates.append(waits / seconds)
    return rates


def run(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[2:]]
    measured = {"holds": holds, "convoy": convoy}[sys.argv[1]](*arguments)
    print(json.dumps({"version": sys.version.split()[0], "measured": measured}))
