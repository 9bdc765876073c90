"""The service with threads for workers, on CPython's `threading` and `queue`."""

import queue
import threading
import time

import service


def work(worker, jobs, stopping):
    worker.record("worker_started")
    while not stopping.is_set():
        job = jobs.get()
        if job is None:
            break
        worker.start(job)
        try:
            do(job, worker)
        except service.FAILURES as error:
            worker.fail(job, error)
        else:
            worker.complete(job)
    worker.hang_up()
    worker.record("worker_finished")


def do(job, worker):
    if job["kind"] == "net":
        worker.connection = worker.connection or service.Connection(worker.port)
        worker.connection.ask(*service.request(job, worker.scale))
    elif job["kind"] == "io":
        time.sleep(job["size"] * worker.scale)
    else:
        service.compute(job, worker.scale)


def serve(options, all_jobs, workers, output, signals):
    jobs, stopping, woken = queue.Queue(), threading.Event(), queue.SimpleQueue()
    for job in all_jobs:
        jobs.put(job)
    if options.until_done:
        close(jobs, workers)

    threads = []
    try:
        for worker in workers:
            thread = Thread(woken, target=work, args=(worker, jobs, stopping), name=worker.name)
            thread.start()
            threads.append(thread)
        signals.listen(lambda: woken.put("a signal"))
        wait(woken, threads, output.began + options.time)
    finally:
        output.record("service_stopping")
        stopping.set()
        close(jobs, workers)
        for thread in threads:
            thread.join()
    return False


def close(jobs, workers):
    """Puts a *sentinel* on the queue for each worker: an item that says that no more jobs will come."""
    for _ in workers:
        jobs.put(None)


def wait(woken, threads, deadline):
    """Waits until all workers have ended, or until the deadline or a signal."""
    for _ in threads:
        try:
            if woken.get(timeout=max(0, deadline - time.monotonic())) == "a signal":
                break
        except queue.Empty:
            break


class Thread(threading.Thread):
    """A thread that reports its end."""

    def __init__(self, woken, **arguments):
        super().__init__(**arguments)
        self.woken = woken

    def run(self):
        try:
            super().run()
        finally:
            self.woken.put(self.name)


if __name__ == "__main__":
    service.run(service.parse("threads"), serve, threading.Lock)
