"""Empty jobs through Celery on Redis. Prints how many are done per second, from the first result to the last.

    celery_peer.py JOBS WORKERS always|everysec

The last argument says how often Redis writes to its disk. Jobs are acknowledged when they are done.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time

from celery import Celery
from redis import Redis

port = int(os.environ.get("PEER_PORT", 0))
app = Celery("celery_peer", broker=f"redis://127.0.0.1:{port}/0", backend=f"redis://127.0.0.1:{port}/1")
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, broker_connection_retry_on_startup=True)


@app.task
def empty(number):
    return number


def run(jobs, workers, sync):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = os.path.dirname(os.path.abspath(__file__))
    environment = dict(os.environ, PEER_PORT=str(port), PYTHONPATH=here, PYTHONDONTWRITEBYTECODE="1")
    with tempfile.TemporaryDirectory() as folder:
        redis = ["redis-server", "--port", str(port), "--dir", folder, "--save", "", "--bind", "127.0.0.1"]
        redis += ["--appendonly", "yes", "--appendfsync", sync]
        server = subprocess.Popen(redis, stdout=subprocess.DEVNULL)
        worker = None
        try:
            results = Redis(port=port, db=1)
            while True:
                try:
                    results.ping()
                    break
                except Exception:
                    time.sleep(0.01)
            put = [sys.executable, "-c", f"import celery_peer as it; [it.empty.delay(n) for n in range({jobs})]"]
            subprocess.run(put, env=environment, cwd=here, check=True)
            work = [sys.executable, "-m", "celery", "-A", "celery_peer", "worker", "--pool=prefork", "-c", str(workers)]
            work += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
            worker = subprocess.Popen(work, env=environment, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            first = None
            while True:
                done, now = results.dbsize(), time.monotonic()
                if done and first is None:
                    first = (done, now)
                if done >= jobs:
                    break
                time.sleep(0.005)
            return (done - first[0]) / (now - first[1])
        finally:
            for process in (worker, server):
                if process:
                    process.terminate()
                    process.wait()


if __name__ == "__main__":
    print(run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
