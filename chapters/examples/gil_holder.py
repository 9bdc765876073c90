"""One thread computes and one thread waits, so that py-spy can show which of them holds the GIL."""

import os
import re
import threading
import time


# ANCHOR: threads
def waits():
    while True:
        time.sleep(0.01)


def computes():
    while True:
        # One call that takes long and doesn't release the GIL.
        re.fullmatch(r"(a*)*b", "a" * 18)
# ANCHOR_END: threads


print(f"this process, {os.getpid()}, runs until it's stopped")
threading.Thread(target=waits, name="waits").start()
threading.Thread(target=computes, name="computes").start()
