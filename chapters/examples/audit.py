"""The accounts of the chapter on debugging in Python: a wrong total, and a fix that deadlocks.

    audit.py often [ROUNDS]   counts wrong totals with two switch intervals
    audit.py dump             deadlocks, and faulthandler says where
    audit.py hang             deadlocks, for py-spy
"""

import faulthandler
import os
import sys
import threading


# ANCHOR: accounts
class Accounts:
    def __init__(self):
        self.checking = self.savings = 1_000_000_000
        self.checking_lock = threading.Lock()
        self.savings_lock = threading.Lock()

    def save(self, amount):
        with self.checking_lock, self.savings_lock:
            self.checking -= amount
            self.savings += amount

    def total(self):
        with self.checking_lock:
            checking = self.checking
        with self.savings_lock:
            return checking + self.savings

    def total_locked(self):
        with self.savings_lock, self.checking_lock:
            return self.savings + self.checking
# ANCHOR_END: accounts


def total_in_order(accounts):
    """The right total, with the locks in the same order as in `save`."""
    with accounts.checking_lock, accounts.savings_lock:
        return accounts.checking + accounts.savings


def wrong_totals(rounds, total):
    """Counts how many of the totals are wrong while another thread saves."""
    accounts, done = Accounts(), threading.Event()

    def customer():
        while not done.is_set():
            accounts.save(1)

    thread = threading.Thread(target=customer)
    thread.start()
    wrong = sum(total(accounts) != 2_000_000_000 for _ in range(rounds))
    done.set()
    thread.join()
    return wrong


def often(rounds=300_000):
    for interval in (0.005, 0.000_001):
        sys.setswitchinterval(interval)
        print(f"switch interval {interval * 1e6:4.0f} µs: {wrong_totals(int(rounds), Accounts.total)} of {rounds}")
    print("both locks held:", wrong_totals(int(rounds), total_in_order) or "none")


def hang():
    accounts = Accounts()

    def customer():
        while True:
            accounts.save(1)

    def auditor():
        while True:
            accounts.total_locked()

    threading.Thread(target=customer, name="customer").start()
    threading.Thread(target=auditor, name="auditor").start()


def dump():
    accounts = Accounts()

    def customer():
        while True:
            accounts.save(1)

    threading.Thread(target=customer, name="customer").start()
    # ANCHOR: dump
    while True:
        faulthandler.dump_traceback_later(2, exit=True)
        accounts.total_locked()
    # ANCHOR_END: dump


if __name__ == "__main__":
    command, *rest = sys.argv[1:] or [""]
    if command == "often":
        often(*rest)
    elif command == "dump":
        dump()
    elif command == "hang":
        print(f"this process, {os.getpid()}, will hang")
        hang()
    else:
        sys.exit(__doc__)
