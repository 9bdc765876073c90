"""The service with coroutines for workers, on CPython's `asyncio`."""

import asyncio
import contextlib
import time

import service


async def work(worker, jobs, stopping):
    worker.record("worker_started")
    while not stopping.is_set():
        job = await jobs.get()
        if job is None:
            break
        worker.start(job)
        try:
            await do(job, worker)
        except service.FAILURES as error:
            worker.fail(job, error)
        else:
            worker.complete(job)
        # `get` doesn't suspend the worker while there are jobs, so the other workers would never run.
        await asyncio.sleep(0)
    worker.hang_up()
    worker.record("worker_finished")


async def do(job, worker):
    if job["kind"] == "net":
        worker.connection = worker.connection or Connection(*await asyncio.open_connection(service.HOST, worker.port))
        await worker.connection.ask(*service.request(job, worker.scale))
    elif job["kind"] == "io":
        await asyncio.sleep(job["size"] * worker.scale)
    else:
        service.compute(job, worker.scale)


class Connection:
    """A connection to the echo server, which suspends the calling coroutine."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def ask(self, request, timeout):
        """Sends a request, and waits until the answer is complete."""
        self.writer.write(request)
        try:
            answer = await asyncio.wait_for(self.reader.readexactly(len(request)), timeout)
        except asyncio.TimeoutError:  # another class before Python 3.11
            raise TimeoutError from None
        if answer != request:
            raise service.Wrong

    def close(self):
        self.writer.close()


async def serve(options, all_jobs, workers, output, signals):
    jobs, stopping, woken = asyncio.Queue(), asyncio.Event(), asyncio.Event()
    for job in all_jobs:
        jobs.put_nowait(job)
    if options.until_done:
        close(jobs, workers)

    async with TaskGroup() as group:
        tasks = [group.create_task(work(worker, jobs, stopping), name=worker.name) for worker in workers]
        loop = asyncio.get_running_loop()
        signals.listen(lambda: loop.call_soon_threadsafe(woken.set))
        await wait(woken, tasks, output.began + options.time)
        output.record("service_stopping")
        stopping.set()
        close(jobs, workers)
    return False


def close(jobs, workers):
    """Puts a *sentinel* on the queue for each worker: an item that says that no more jobs will come."""
    for _ in workers:
        jobs.put_nowait(None)


async def wait(woken, tasks, deadline):
    """Waits until all workers have ended, or until the deadline or a signal."""
    signal, ended = asyncio.ensure_future(woken.wait()), asyncio.gather(*tasks)
    left = max(0, deadline - time.monotonic())
    await asyncio.wait([signal, ended], timeout=left, return_when=asyncio.FIRST_COMPLETED)
    signal.cancel()


if hasattr(asyncio, "TaskGroup"):
    TaskGroup = asyncio.TaskGroup
else:

    class TaskGroup:
        """Before Python 3.11: what this service needs of `asyncio.TaskGroup`."""

        async def __aenter__(self):
            self.tasks = []
            return self

        def create_task(self, coroutine, name):
            self.tasks.append(asyncio.create_task(coroutine, name=name))
            return self.tasks[-1]

        async def __aexit__(self, error, *_):
            if error:
                for task in self.tasks:
                    task.cancel()
            await asyncio.gather(*self.tasks)


if __name__ == "__main__":
    service.run(service.parse("coroutines"), lambda *arguments: asyncio.run(serve(*arguments)), contextlib.nullcontext)
