"""The parts that the services share: the command line, the jobs, the connections, the records, and signals."""

import argparse
import ctypes
import hashlib
import json
import os
import random
import resource
import signal
import socket
import struct
import sys
import time


def parse(model):
    """Parses the command line: the flags of the Rust programs, except for those that choose what to look at."""
    parser = argparse.ArgumentParser(description=f"Runs the service with {model} as workers, and prints its records.")
    parser.add_argument("--jobs", type=int, default=20, metavar="N", help="jobs on the shared queue")
    parser.add_argument("--seed", type=int, metavar="N", help="an integer: the same seed gives the same jobs")
    parser.add_argument("--time", type=float, default=10, metavar="SECONDS", help="how long the service runs")
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="workers that take jobs from the queue")
    parser.add_argument("--kind", choices=["cpu", "io", "mixed", "net"], default="cpu", help="what a job does")
    parser.add_argument("--port", type=int, metavar="N", help="with --kind=net: the port of an echo server on 127.0.0.1")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="multiplies every job's work")
    parser.add_argument("--until-done", action="store_true", help="stop as soon as every job is done")
    parser.add_argument("--quiet", action="store_true", help="print only the last record, which has the summary")
    if model == "processes":
        parser.add_argument("--method", choices=["fork", "spawn", "forkserver"], help="how processes are started")
    options = parser.parse_args()
    if options.kind == "net" and options.port is None:
        parser.error("--kind=net needs --port=N, the port of an echo server; chapter-python starts one")
    options.model = model
    if options.seed is None:
        options.seed = random.SystemRandom().getrandbits(32)
    return options


def draw_jobs(options):
    """The jobs that the seed stands for."""
    sizes = random.Random(options.seed)
    kinds = {"cpu": ["cpu"], "io": ["io"], "mixed": ["cpu", "io"], "net": ["net"]}[options.kind]
    return [
        {"number": number, "kind": kinds[number % len(kinds)], "size": 0.5 + sizes.random()}
        for number in range(options.jobs)
    ]


def compute(job, scale):
    """Does a CPU-bound job: SHA3-512 digests of the empty string, each with a hasher of its own."""
    for _ in range(int(1_000_000 * job["size"] * scale)):
        hashlib.sha3_512().digest()


HOST = "127.0.0.1"
ANSWER_TIMEOUT = 120


class Wrong(Exception):
    """The answer of the echo server was different from the request."""


def request(job, scale):
    """The request of a network job, and how long to wait for the answer, which has the same bytes."""
    delay = job["size"] * scale
    return struct.pack(">QQ", int(delay * 1e9), job["number"]).ljust(1024, b"."), delay + ANSWER_TIMEOUT


# The exceptions of a network job. `TimeoutError` is an `OSError`, and so is `socket.timeout`, as it's called before 3.10.
FAILURES = (OSError, EOFError, Wrong)


class Connection:
    """A connection to the echo server, which blocks the calling thread."""

    def __init__(self, port):
        self.socket = socket.create_connection((HOST, port))

    def ask(self, request, timeout):
        """Sends a request, and waits until the answer is complete."""
        self.socket.settimeout(timeout)
        self.socket.sendall(request)
        answer = b""
        while len(answer) < len(request):
            part = self.socket.recv(len(request) - len(answer))
            if not part:
                raise EOFError
            answer += part
        if answer != request:
            raise Wrong

    def close(self):
        self.socket.close()


def explain(error):
    """The reason why a network job failed, in the words of the Rust programs."""
    if isinstance(error, Wrong):
        return "the answer was different from the request"
    if isinstance(error, (TimeoutError, socket.timeout)):
        return "the server didn't answer in time"
    if isinstance(error, OSError) and error.errno:
        return f"{os.strerror(error.errno)} (os error {error.errno})"
    return "the connection was closed before the whole answer had arrived"


class Share(ctypes.Structure):
    """One worker's share of the work. It's a C structure, so that processes can share it."""

    _fields_ = [
        ("started", ctypes.c_ulonglong),
        ("completed", ctypes.c_ulonglong),
        ("failed", ctypes.c_ulonglong),
        ("number", ctypes.c_ulonglong),  # of the job that the worker started last
        ("since", ctypes.c_double),  # when it started that job
        ("busy", ctypes.c_double),  # the time that its jobs took, until they were completed or failed
        ("cpu", ctypes.c_double),  # what it used, if it's a process of its own
        ("peak", ctypes.c_ulonglong),
    ]


class Output:
    """Writes records to standard output, a line for each."""

    def __init__(self, began, lock, quiet):
        self.began, self.lock, self.quiet = began, lock, quiet

    def now(self):
        """The time since the service began to start. All processes of a system share this clock."""
        return time.monotonic() - self.began

    def record(self, event, worker=None, **more):
        """Writes a record, and returns its time."""
        if self.quiet:
            return self.now()
        # The clock is read with the lock held, so that the lines come in order of time.
        with self.lock:
            at = self.now()
            self.write(at, worker, event, **more)
        return at

    def write(self, at, worker, event, **more):
        """Writes a line. With one `write` for each, lines of several processes don't mix."""
        record = {"at": round(at, 6), "worker": worker, "event": event, **more}
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        try:
            while line:
                line = line[os.write(1, line) :]
        except BrokenPipeError:
            # Without a reader for its records, the program ends as if by SIGPIPE.
            os._exit(128 + 13)


class Worker:
    """What a worker brings along: a name, its share of the work, and the output for its records."""

    def __init__(self, number, options, share, output):
        self.name, self.scale, self.share, self.output = f"worker-{number + 1}", options.scale, share, output
        self.port, self.connection = options.port, None

    def record(self, event, **more):
        return self.output.record(event, self.name, **more)

    def start(self, job):
        """Notes that the worker has taken a job from the queue."""
        self.share.number = job["number"]
        self.share.started += 1
        self.share.since = self.record("job_started", job=job)

    def complete(self, job):
        """Notes that the worker is done with the job."""
        at = self.record("job_completed", job=job)
        self.share.busy += at - self.share.since
        self.share.completed += 1

    def fail(self, job, error):
        """Notes that the job has failed. The next request needs a new connection."""
        reason = explain(error)
        at = self.record("job_failed", job=job, error=reason)
        if self.output.quiet:
            print(f"error: job {job['number']} failed: {reason}", file=sys.stderr, flush=True)
        self.share.busy += at - self.share.since
        self.share.failed += 1
        self.hang_up()

    def hang_up(self):
        """Closes the connection to the echo server, if there is one."""
        if self.connection:
            self.connection.close()
        self.connection = None


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Signals:
    """The first signal stops the service as its deadline would, the second ends the program at once."""

    def __init__(self):
        self.status = 0

    def hold(self):
        """Holds signals back until `listen` is called. Threads and processes that start before then inherit this."""
        self.mask("SIG_BLOCK")

    def listen(self, stop, kill=lambda: None):
        """From now on, the first signal calls `stop`. The second calls `kill`, and ends the program."""

        def handle(number, _frame):
            if self.status:
                kill()
                os._exit(128 + number)
            self.status = 128 + number
            stop()

        for number in SIGNALS:
            # A signal that was ignored when the program started stays ignored, so that `nohup` works.
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, handle)
        self.mask("SIG_UNBLOCK")

    def mask(self, how):
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(getattr(signal, how), SIGNALS)


def peak_memory():
    """The most memory of this process that was resident. `ru_maxrss` would include the program before `exec`."""
    try:
        with open("/proc/self/status") as status:
            lines = [line.split() for line in status if line.startswith("VmHWM:")]
        return int(lines[0][1]) * 1024
    except (OSError, IndexError):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def summarize(options, shares, wall, cpu):
    """The summary of a run, in which jobs = completed + left + lost."""
    started, completed = sum(share.started for share in shares), sum(share.completed for share in shares)

    def busy(share):
        return share.busy + (wall - share.since if share.started > share.completed + share.failed else 0)

    return {
        "model": options.model,
        "seed": json_seed(options.seed),
        "jobs": options.jobs,
        "completed": completed,
        "left": options.jobs - started,
        "lost": started - completed,
        "wall_seconds": round(wall, 6),
        "cpu_seconds": round(cpu + sum(share.cpu for share in shares), 6),
        "peak_rss_bytes": peak_memory() + sum(share.peak for share in shares),
        "workers": [
            {"name": f"worker-{number + 1}", "completed": share.completed, "busy_seconds": round(busy(share), 6)}
            for number, share in enumerate(shares)
        ],
    }


def json_seed(seed):
    """A seed as JSON: a number if every reader can represent it exactly, and a string otherwise."""
    return seed if abs(seed) < 2**53 else str(seed)


def run(options, serve, new_lock, new_share=Share):
    """Runs a service. `serve(options, jobs, workers, output, signals)` says whether a worker died."""
    cpu, signals = time.process_time(), Signals()
    signals.hold()
    lock, shares = new_lock(), [new_share() for _ in range(options.workers)]
    # Again, because some versions of `multiprocessing` let signals through when they start a helper.
    signals.hold()
    output = Output(time.monotonic(), lock, options.quiet)
    workers = [Worker(number, options, share, output) for number, share in enumerate(shares)]
    plan = {name: getattr(options, name) for name in ("model", "jobs", "workers", "time", "scale", "until_done")}
    output.record("service_starting", run={**plan, "seed": json_seed(options.seed)})

    died = serve(options, draw_jobs(options), workers, output, signals)

    wall = output.now()
    summary = summarize(options, shares, wall, time.process_time() - cpu)
    output.write(wall, None, "service_stopped", summary=summary)
    sys.exit(signals.status or int(died or any(share.failed for share in shares)))
