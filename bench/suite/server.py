"""Loads lakehouse-server: clients that ask and clients that write for a time, and a kill in the middle of the writes."""

import http.client
import json
import random
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from .measure import Failed, say
from .ratio import Ratio

MEMORY_MIB = 1024

# Look-ups, a scan of a column, a join, and an answer of many rows.
QUERIES = [
    ("SELECT release_id, title FROM releases_ref_v6 WHERE release_id = {id}", "application/json"),
    (
        "SELECT country, COUNT(*) AS releases FROM releases_ref_v6 GROUP BY country ORDER BY ALL LIMIT 10",
        "application/json",
    ),
    (
        "SELECT r.title, a.name FROM releases_ref_v6 r JOIN release_artists_v1 x ON x.release_id = r.release_id "
        "JOIN artists_v1_typed a ON a.artist_id = x.artist_id WHERE r.release_id < {id} LIMIT 20",
        "application/json",
    ),
    ("SELECT release_id, title, released FROM releases_ref_v6 LIMIT 5000", "text/csv"),
    ("SELECT COUNT(*) AS n FROM mine.load_0", "application/json"),
]

TABLES = 4


class Server:
    """A server of a lake, at a port that it chooses itself."""

    def __init__(self, machine, lake, log):
        words = [machine.program("lakehouse-server"), "--lake", lake, "--listen", "127.0.0.1:0"]
        words += ["--memory-limit", f"{MEMORY_MIB}MiB", "--queue-timeout", "120s"]
        self.log = open(log, "ab")  # noqa: SIM115
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        line = b""
        for line in self.process.stderr:
            self.log.write(line)
            if b"://" in line:
                break
        else:
            raise Failed(f"lakehouse-server did not start; see {log}")
        self.port = int(line.rsplit(b":", 1)[1])
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        for line in self.process.stderr:
            self.log.write(line)

    def peak_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def query(self, sql):
        status, body = ask(self.connection(), sql, "application/json")
        if status != 200:
            raise Failed(f"{sql}: {body[:300]}")
        return json.loads(body)

    def end(self, by=signal.SIGTERM):
        self.process.send_signal(by)
        self.process.wait(timeout=120)


def ask(connection, sql, accept):
    headers = {"Content-Type": "application/json", "Accept": accept}
    connection.request("POST", "/query", json.dumps({"sql": sql}), headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


class Load:
    """The clients, their times, and the rows that were answered as committed."""

    def __init__(self):
        self.lock = threading.Lock()
        self.times = {"query": [], "ingest": []}
        self.committed, self.sent, self.refused = set(), {}, 0

    def asking(self, server, end, number):
        dice, connection = random.Random(number), server.connection()
        times, refused = [], 0
        while time.monotonic() < end:
            sql, accept = dice.choice(QUERIES)
            began = time.perf_counter()
            status, _ = ask(connection, sql.format(id=dice.randrange(1, 100_000)), accept)
            if status == 200:
                times.append(time.perf_counter() - began)
            elif status == 503:
                refused += 1
                time.sleep(1)
            else:
                raise Failed(f"/query answered {status}")
        with self.lock:
            self.times["query"] += times
            self.refused += refused

    def writing(self, server, end, number, begin):
        connection, table = server.connection(), f"load_{number % TABLES}"
        part = begin
        while time.monotonic() < end:
            rows = [number * 10_000_000 + part * 10 + row for row in range(10)]
            key = f"load-{number}-{part}"
            self.sent[key] = (table, rows)
            began = time.perf_counter()
            try:
                status = post(connection, table, key, rows)
            except (OSError, http.client.HTTPException):
                return
            if status == 200:
                with self.lock:
                    self.times["ingest"].append(time.perf_counter() - began)
                    self.committed.update(rows)
            elif status not in (202, 503):
                raise Failed(f"/ingest answered {status}")
            part += 1


def post(connection, table, key, rows):
    body = "id\n" + "".join(f"{row}\n" for row in rows)
    headers = {"Content-Type": "text/csv", "Idempotency-Key": key}
    connection.request("POST", f"/ingest/{table}?mode=append", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def percentiles(times):
    """Returns the times in milliseconds within which 50, 95 and 99 of 100 requests were answered."""
    ordered = sorted(times)
    at = lambda share: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)  # noqa: E731
    return {"requests": len(ordered), "p50_ms": at(0.50), "p95_ms": at(0.95), "p99_ms": at(0.99)}


def all_at_once(works):
    failures = []

    def guarded(work):
        try:
            work()
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Failed(f"{len(failures)} clients failed, the first with: {failures[0]}")


def server(machine, months, sizes, figures):
    """Asks and writes for a time; then kills the server under writes, and counts what is lost or doubled."""
    releases, seconds, askers, writers = sizes.server
    built, _ = months.lake(releases)
    lake = months.folder / "server-lake"
    shutil.rmtree(lake, ignore_errors=True)
    shutil.copytree(built, lake, symlinks=True)
    bounded = {"run_id": months.run, "memory_limit": "1GiB", "threads": 2}
    machine.task("build-warehouse", lake=lake, **bounded)
    machine.task("sanity-check", lake=lake, environment="sample", **bounded)
    machine.task("promote", lake=lake, run_id=months.run, run_mode="prod", allow_promote="true")
    log = months.folder / "server.log"
    log.unlink(missing_ok=True)

    running, load = Server(machine, lake, log), Load()
    for table in range(TABLES):
        connection = running.connection()
        headers = {"Content-Type": "text/csv"}
        connection.request("POST", f"/ingest/load_{table}?key=id&mode=append", f"id\n{-1 - table}\n", headers)
        if connection.getresponse().status != 200:
            raise Failed("the tables cannot be created")
    end = time.monotonic() + seconds
    works = [lambda number=number: load.asking(running, end, number) for number in range(askers)]
    works += [lambda number=number: load.writing(running, end, number, 0) for number in range(writers)]
    all_at_once(works)
    peak = running.peak_mib()
    times = {kind: percentiles(found) for kind, found in load.times.items()}
    say(f"{askers} askers and {writers} writers for {seconds} s: {times}, {load.refused} refused, {peak:.0f} MiB")

    # Writers at a kill; afterwards each request is sent again with its key.
    end = time.monotonic() + min(seconds, 30)
    works = [lambda number=number: load.writing(running, end, number, 500_000) for number in range(writers)]
    killer = threading.Timer(min(seconds, 30) / 2, lambda: running.process.send_signal(signal.SIGKILL))
    killer.start()
    all_at_once(works)
    running.process.wait(timeout=60)
    running = Server(machine, lake, log)
    tables = " UNION ALL ".join(f"SELECT id FROM mine.load_{table}" for table in range(TABLES))
    there = [row["id"] for row in running.query(f"SELECT id FROM ({tables}) WHERE id >= 0")]
    lost, doubled = len(load.committed - set(there)), len(there) - len(set(there))
    last = {key: sent for key, sent in load.sent.items() if not set(sent[1]) <= set(there)}
    for key, (table, rows) in last.items():
        if post(running.connection(), table, key, rows) != 200:
            raise Failed(f"the request {key} fails when it is repeated")
    there = [row["id"] for row in running.query(f"SELECT id FROM ({tables}) WHERE id >= 0")]
    lost += len({row for _, rows in load.sent.values() for row in rows} - set(there))
    doubled += len(there) - len(set(there))
    running.end()
    figures["server"] = {
        "releases": releases,
        "seconds": seconds,
        "askers": askers,
        "writers": writers,
        **times,
        "refused": load.refused,
        "peak_mib": round(peak, 1),
        "rows": len(there),
        "lost": lost,
        "doubled": doubled,
    }
    say(f"after a kill: {len(there)} rows, {lost} lost, {doubled} doubled, {len(last)} requests repeated")
    return [
        Ratio("server: rows lost or doubled", "rows lost or doubled under load and a kill", [lost + doubled], "<=", 0),
        Ratio("server: memory", "peak memory of the server, to its memory_limit", [peak / MEMORY_MIB], "<=", 1.5),
        Ratio(
            "server: p99 of /query",
            "seconds in which 99 of 100 queries are answered",
            [times["query"]["p99_ms"] / 1000],
            "<=",
            60,
            " s",
        ),
        Ratio(
            "server: p99 of /ingest",
            "seconds in which 99 of 100 ingests are answered",
            [times["ingest"]["p99_ms"] / 1000],
            "<=",
            60,
            " s",
        ),
    ]
