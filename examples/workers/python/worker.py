#!/usr/bin/env python3
"""A Tandem worker with nothing but Python's standard library (3.8 or later).

TANDEM_URL=http://localhost:3000 TANDEM_API_KEY=tdm_… python3 worker.py demo.sum
The protocol is explained in docs/worker-protocol.md; replace demo_sum with work of your own.
"""
import http.client
import json
import os
import queue
import random
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ["TANDEM_URL"].rstrip("/") + "/api/v1/tasks"
KEY = os.environ["TANDEM_API_KEY"]
LEASE_SECONDS = int(os.environ.get("TANDEM_LEASE_SECONDS", "30"))
WAIT_SECONDS = 20
HEARTBEAT_TIMEOUT = max(3, LEASE_SECONDS / 3)
WORKER_ID = f"python-{socket.gethostname()}-{os.getpid()}"[:128]
# How long a stopping worker tries to tell the service: supervisors kill after 10 s, as a rule.
SECONDS_TO_STOP = 5

# No connection, a timeout, half an answer: nobody knows whether the call has arrived.
NETWORK_ERRORS = (OSError, http.client.HTTPException, ValueError)

stopping = threading.Event()


class Stopped(Exception):
    """The work is to end now: the process stops, the task is cancelled, or the lease is lost."""


class JobFailed(Exception):
    def __init__(self, code, message, retryable=True):
        super().__init__(message)
        self.error, self.retryable = {"code": code, "message": message}, retryable


def log(*words):
    print(*words, file=sys.stderr, flush=True)


def post(path, body, timeout=10):
    """One call: its status, its answer, and the seconds that the service wants to be left alone."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, json.load(answer), 0
    except urllib.error.HTTPError as answer:
        text = answer.read().decode(errors="replace")
        try:
            problem = json.loads(text)
        except ValueError:  # a proxy on the way
            problem = {"code": "unknown", "detail": text[:200]}
        wait = answer.headers.get("Retry-After", "")
        return answer.code, problem, int(wait) if wait.isdigit() else 0


def post_patiently(path, body, timeout=10):
    """Repeats the same call until it is answered; every call to the service is safe to repeat as it is.
    Answers status, body and whether it was repeated; status 0 when the process stops before that."""
    tries = 0
    give_up = None
    while True:
        wait, tries = 0, tries + 1
        try:
            status, answer, wait = post(path, body, timeout)
            if status != 429 and status < 500:
                return status, answer, tries > 1
            log(path, status, answer.get("detail"))
        except NETWORK_ERRORS as error:
            log(path, error)
        if stopping.is_set():
            give_up = give_up or time.monotonic() + SECONDS_TO_STOP
            if time.monotonic() > give_up:
                return 0, None, True
        pause = max(wait, min(30, 0.25 * 2 ** min(tries, 10)) * random.uniform(0.5, 1))
        if stopping.is_set():
            time.sleep(0.5)
        else:
            stopping.wait(pause)


def claim(types):
    """Waits for a task; None when there was none or the process stops."""
    claim_id = str(uuid.uuid4())
    body = {"types": types, "workerId": WORKER_ID, "max": 1, "leaseSeconds": LEASE_SECONDS,
            "waitSeconds": WAIT_SECONDS, "claimId": claim_id}
    answers = queue.Queue()

    def ask():
        answers.put(post_patiently("/claim", body, WAIT_SECONDS + 10))

    threading.Thread(target=ask, daemon=True).start()
    while not stopping.is_set():
        try:
            status, answer, repeated = answers.get(timeout=0.1)
        except queue.Empty:
            continue
        if status != 200:
            sys.exit(f"cannot claim: {status} {answer.get('code')}: {answer.get('detail')}")
        return (answer["tasks"][0], repeated) if answer["tasks"] else None
    # The service still waits, and would lease a task to nobody.
    post_patiently("/claim/abandon", {"claimId": claim_id}, 5)
    return None


class Lease:
    """Holds a task while a thread renews its lease."""

    def __init__(self, task, renew_first):
        self.path, self.token = f"/{task['id']}", task["leaseToken"]
        self.progress, self.stopped = None, None
        self.ended = threading.Event()
        self.renewed = time.monotonic()
        threading.Thread(target=self._renew, args=(renew_first,), daemon=True).start()

    def report(self, percent, message):
        """Kept for the next heartbeat. Raises Stopped when the work is to end; call it often."""
        self.progress = {"percent": percent, "message": message}
        self.check()

    def check(self):
        if stopping.is_set():
            self.stopped = self.stopped or "stopping"
        if self.stopped:
            raise Stopped()

    def _renew(self, renew_first):
        pause = 0 if renew_first else LEASE_SECONDS / 3
        while not self.ended.wait(pause):
            # A third of the lease leaves time to repeat a heartbeat that failed, and that is done soon.
            pause = LEASE_SECONDS / 3
            sent = time.monotonic()
            body = {"leaseToken": self.token, "leaseSeconds": LEASE_SECONDS}
            if self.progress:
                body["progress"] = self.progress
            try:
                status, answer, _ = post(self.path + "/heartbeat", body, HEARTBEAT_TIMEOUT)
            except NETWORK_ERRORS as error:
                status, answer = 503, {"detail": error}
            if status == 200:
                self.renewed = sent
                if answer["cancelRequested"]:
                    self.stopped = "cancelled"
            elif status != 429 and status < 500:
                self.stopped = "lost"
            elif time.monotonic() - self.renewed > LEASE_SECONDS:
                self.stopped = "lost"
            else:
                pause = min(1, pause)
            if self.stopped:
                return


def work(task, repeated):
    log("claimed", task["id"], task["type"], "attempt", task["attempt"])
    lease = Lease(task, repeated)
    try:
        action, body = "complete", {"result": HANDLERS[task["type"]](task["input"], lease)}
    except Stopped:
        action, body = "release", {}
    except JobFailed as failure:
        action, body = "fail", {"error": failure.error, "retryable": failure.retryable}
    except Exception as error:  # a bug: worth another attempt, perhaps after a new release
        action, body = "fail", {"error": {"code": "unexpected", "message": repr(error)[:2000]}}
    lease.ended.set()
    if lease.stopped == "lost":
        return log("lost", task["id"])
    settle(task, action, body)


def settle(task, action, body):
    status, answer, _ = post_patiently(f"/{task['id']}/{action}", {"leaseToken": task["leaseToken"], **body})
    if status == 200:
        return log(action, task["id"], answer["state"])
    if status in (401, 403):
        sys.exit(f"the key is no longer accepted: {answer.get('detail')}")
    log("not accepted:", action, task["id"], status, answer and answer.get("detail"))
    if action == "complete" and status in (413, 422):  # the result; the lease is still ours
        message = str(answer.get("detail"))[:2000]
        settle(task, "fail", {"error": {"code": "result_refused", "message": message}, "retryable": False})


def demo_sum(given, lease):
    """The demo job, the same in all languages: see examples/workers/README.md."""
    numbers = given.get("numbers") if isinstance(given, dict) else None
    if not isinstance(numbers, list) or not all(type(number) in (int, float) for number in numbers):
        raise JobFailed("bad_input", "input.numbers must be a list of numbers", retryable=False)
    steps = int(given.get("sleepSeconds", 0) * 10)
    for step in range(steps):
        lease.report(100 * step // steps, f"step {step} of {steps}")
        time.sleep(0.1)
    if "failWith" in given:
        raise JobFailed(given["failWith"], "as the input asked for", not given.get("failPermanently", False))
    return {"sum": sum(numbers), "language": "python", "echo": given.get("echo")}


HANDLERS = {"demo.sum": demo_sum}


def main():
    types = sys.argv[1:] or list(HANDLERS)
    unknown = set(types) - set(HANDLERS)
    if unknown:
        sys.exit(f"no handler for {', '.join(unknown)}; there are: {', '.join(HANDLERS)}")
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    log(WORKER_ID, "works on", *types)
    while not stopping.is_set():
        claimed = claim(types)
        if claimed:
            work(*claimed)


main()
