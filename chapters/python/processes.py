"""The service with processes for workers, on CPython's `multiprocessing`."""

import multiprocessing
import multiprocessing.connection
import os
import signal
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


def work_as_process(worker, jobs, stopping):
    # The terminal sends its signals to all processes. The first one decides what they mean.
    for number in service.SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    work(worker, jobs, stopping)
    worker.share.cpu, worker.share.peak = time.process_time(), service.peak_memory()


def end_with_parent():
    """Ends this process if the first one dies. Otherwise, it would wait for jobs forever."""
    multiprocessing.parent_process().join()
    os._exit(1)


def serve(context, options, all_jobs, workers, output, signals):
    jobs, stopping, (woken, wake) = context.Queue(), Flag(context), context.Pipe(duplex=False)
    processes = []
    output = service.Output(output.began, OutputLock(output.lock, processes), output.quiet)
    try:
        for worker in workers:
            process = context.Process(target=work_as_process, args=(worker, jobs, stopping), name=worker.name)
            process.start()
            processes.append(process)
        signals.listen(lambda: wake.send("a signal"), lambda: [process.kill() for process in processes])
        # The first `put` starts a thread, and a process with threads shouldn't fork.
        for job in all_jobs:
            jobs.put(job)
        if options.until_done:
            close(jobs, workers)
        wait(woken, processes, output.began + options.time)
    finally:
        output.record("service_stopping")
        stopping.set()
        close(jobs, workers)
        wait(None, processes, float("inf"))
        # The jobs that are left don't have to reach the queue's pipe before the program ends.
        jobs.cancel_join_thread()
    for worker, process in zip(workers, processes):
        if process.exitcode:
            share = worker.share
            lost = {"job": all_jobs[share.number]} if share.started > share.completed else {}
            output.record("worker_died", worker.name, **lost)
    return any(process.exitcode for process in processes)


def close(jobs, workers):
    """Puts a *sentinel* on the queue for each worker: an item that says that no more jobs will come."""
    for _ in workers:
        jobs.put(None)


def wait(woken, processes, deadline):
    """Waits until all workers have ended, or until the deadline or a signal. If a worker dies, ends the others."""
    alive = {process.sentinel: process for process in processes}
    while alive:
        left = None if deadline == float("inf") else max(0, deadline - time.monotonic())
        ready = multiprocessing.connection.wait([*alive, *([woken] if woken else [])], timeout=left)
        if not ready or woken in ready:
            break
        for sentinel in ready:
            process = alive.pop(sentinel)
            process.join()
            if process.exitcode:
                kill(processes)


def kill(processes):
    """Kills the workers because one of them has died, as `ProcessPoolExecutor` does.

    The dead worker may have held a lock of the queue, and then the others would wait for that lock forever.
    """
    for process in processes:
        process.kill()
        process.join()


class OutputLock:
    """The lock of the output in the first process, which notices if a worker has died with it."""

    def __init__(self, lock, processes):
        self.lock, self.processes = lock, processes

    def __enter__(self):
        while not self.lock.acquire(timeout=0.1):
            if any(process.exitcode for process in self.processes):
                kill(self.processes)
                break

    def __exit__(self, *_):
        self.lock.release()


class Flag:
    """An event that is set once. Unlike `multiprocessing.Event`, it has no lock with which a worker can die."""

    def __init__(self, context):
        self.value = context.RawValue("b", 0)

    def set(self):
        self.value.value = 1

    def is_set(self):
        return bool(self.value.value)


def main():
    options = service.parse("processes")
    context = multiprocessing.get_context(options.method)

    def serve_with(*arguments):
        return serve(context, *arguments)

    service.run(options, serve_with, context.Lock, lambda: context.RawValue(service.Share))


if __name__ == "__main__":
    main()
