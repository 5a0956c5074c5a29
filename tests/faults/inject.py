"""Runs each scenario once as it is and once for each fault, and lists the faults that ended uncleanly. See run.sh."""

import argparse
import collections
import fnmatch
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

from judge import Baseline, judge
from scenarios import ERRNOS, KILL, MOST, ROOT, SCENARIOS

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
NEVER_INJECTED = {"exit", "exit_group", "rt_sigreturn", "restart_syscall"}


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--stepbox", default=str(PROJECT / "build/release/launcher/cli/stepbox"))
    parser.add_argument("--steps", default=str(PROJECT / "build/release/tests/steps/bin"))
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("--only", action="append", default=[])
    return parser.parse_args()


class Worker:
    """A process in its own namespaces (worker.py). If it dies, everything in them dies too."""

    def __init__(self, name, options):
        unshare = ["unshare", "--mount", "--pid", "--ipc", "--fork", "--mount-proc", "--kill-child", "--propagation", "private"]
        if os.geteuid() != 0:
            unshare += ["--user", "--map-current-user", "--keep-caps"]
        self.process = subprocess.Popen([*unshare, sys.executable, "-B", str(HERE / "worker.py"), name,
                                         os.path.abspath(options.stepbox), os.path.abspath(options.steps)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        first = self.process.stdout.readline()
        if not first:
            sys.exit("tests/faults/run.sh: a worker could not start")
        self.has_limits = json.loads(first)["limits"]

    def run(self, scenario, fault):
        self.process.stdin.write(json.dumps({"scenario": scenario, "fault": fault}) + "\n")
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("tests/faults/run.sh: a worker has died")
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Exceptions:
    """Rows of the file: SCENARIO CALL FAULT N KIND: REASON, with shell patterns."""

    def __init__(self, path):
        self.rows = []
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                row, reason = line.split(":", 1)
                self.rows.append((row.split(), reason.strip()))

    def find(self, scenario, fault, kind):
        words = [scenario, *map(str, fault), kind]
        for patterns, reason in self.rows:
            if all(fnmatch.fnmatchcase(word, pattern) for word, pattern in zip(words, patterns)):
                return reason
        return None


def calls_before_exec(trace):
    """For each call, the highest count of any one process. The step's calls after its execve do not count."""
    counts = collections.Counter()
    by_process = collections.Counter()
    started = set()
    for line in trace.splitlines():
        found = re.match(r"(\d+) +(?:(\w+)\(|<\.\.\. (\w+) resumed>)", line)
        if not found or found[1] in started:
            continue
        if found[2]:
            by_process[(found[1], found[2])] += 1
        if "execve" in (found[2], found[3]) and line.rstrip().endswith("= 0") and by_process[(found[1], "execve")] > 0:
            if "show_box\"" in line.split(",")[0] or found[3]:
                started.add(found[1])
    for (_, name), count in by_process.items():
        counts[name] = max(counts[name], count)
    return {name: count for name, count in counts.items() if name not in NEVER_INJECTED}


def faults_of(calls, options, exceptions, scenario):
    for call, most in sorted(calls.items()):
        # The same call in the same scenario always gets the same faults.
        chosen = zlib.crc32(f"{scenario} {call}".encode())
        most = min(most, options.most)
        for count in range(1, most + 1):
            for number, what in enumerate((*ERRNOS, KILL)):
                if options.quick and (count != 1 + chosen % most or number not in (chosen % len(ERRNOS), len(ERRNOS) * (chosen >> 8 & 1))):
                    continue
                if exceptions.find(scenario, (call, what, count), "skip") is None:
                    yield (call, what, count)


class Tally:
    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)
        self.unclean = []
        self.named = collections.Counter()
        self.seconds = collections.Counter()

    def add(self, scenario, fault, kind, reasons, result, exceptions):
        if reasons:
            named = next((reason for reason in (exceptions.find(scenario, fault, what) for what, _ in reasons) if reason), None)
            kind = "named" if named else "unclean"
            if named:
                self.named[named] += 1
            else:
                self.unclean.append((scenario, fault, reasons, result))
        self.counts[scenario][kind] += 1
        self.seconds[scenario] += result["seconds"]


COLUMNS = ("runs", "as-usual", "refused", "told", "step-failed", "killed", "swept", "not-reached", "named", "unclean")


def print_table(tally):
    print(f"{'scenario':15}" + "".join(f"{name:>12}" for name in COLUMNS))
    for scenario, counts in tally.counts.items():
        numbers = {"runs": sum(counts.values()), **counts}
        print(f"{scenario:15}" + "".join(f"{numbers.get(name, 0):>12}" for name in COLUMNS))
    for reason, count in tally.named.items():
        print(f"named {count} times: {reason}")
    for scenario, fault, reasons, result in sorted(tally.unclean, key=lambda row: (row[2][0], row[:2])):
        name = ":".join(map(str, (scenario, *fault)))
        print(f"\nUNCLEAN  tests/faults/run.sh --only {name}")
        for _, text in reasons:
            print(f"  {text}")
        for line in result["err"].splitlines()[:4]:
            print(f"  | {line}")


def show(result, kind, reasons):
    print(f"{result['scenario']}:{':'.join(map(str, result['fault']))}: {kind}, {result['seconds']:.2f} s, wait status {result['status']}")
    for _, text in reasons:
        print("  " + text)
    for name in ("err", "out", "trace"):
        print(f"--- {name}\n{result[name].rstrip()}")
    for stuck in result.get("stuck", []):
        print(f"--- stuck: {stuck}")


def is_sound(result):
    return result["status"] == 0 and "done" in result["out"].split("\n")


def baseline_of(worker, scenario):
    result = worker.run(scenario.name, None)
    if not is_sound(result):
        print(result["err"], result["out"], file=sys.stderr)
        sys.exit(f"tests/faults/run.sh: {scenario.name} fails without a fault")
    return Baseline(result, scenario.indifferent), calls_before_exec(result["trace"])


def chosen_scenarios(options, has_limits):
    chosen = []
    wanted = set(options.scenario) | {only.split(":")[0] for only in options.only}
    for scenario in SCENARIOS:
        if wanted and scenario.name not in wanted:
            continue
        why = None
        if scenario.caller == ROOT and os.geteuid() != 0:
            why = "it needs root; remedy: run it as root"
        elif scenario.needs_groups and not has_limits:
            why = "control groups cannot be made here; remedy: run it where /sys/fs/cgroup can be written"
        if why is None:
            chosen.append(scenario)
        else:
            print(f"SKIPPED: scenario {scenario.name}: {why}", file=sys.stderr)
            if os.environ.get("STEPBOX_MUST_WORK") == "1" and os.geteuid() == 0:
                sys.exit(1)
    return chosen


def main():
    options = arguments()
    exceptions = Exceptions(HERE / "exceptions")
    began = time.monotonic()
    workers = [Worker(f"{os.getpid()}-{number}", options) for number in range(max(1, options.workers))]
    tally = Tally()
    baselines = {}
    indifferent = {scenario.name: scenario.indifferent for scenario in SCENARIOS}
    jobs = queue.Queue()
    for scenario in chosen_scenarios(options, workers[0].has_limits):
        baselines[scenario.name], calls = baseline_of(workers[0], scenario)
        if options.only:
            for only in options.only:
                name, call, what, count = only.split(":")
                if name == scenario.name:
                    jobs.put((name, (call, what, int(count))))
            continue
        for fault in faults_of(calls, options, exceptions, scenario.name):
            jobs.put((scenario.name, fault))
    total = jobs.qsize()
    lock = threading.Lock()
    done = [0]

    def work(worker):
        while True:
            try:
                scenario, fault = jobs.get_nowait()
            except queue.Empty:
                return
            result = worker.run(scenario, fault)
            kind, reasons = judge(result, baselines[scenario])
            if reasons:
                # The host may have changed since the baseline.
                fresh = worker.run(scenario, None)
                if is_sound(fresh):
                    kind, reasons = judge(result, Baseline(fresh, indifferent[scenario]))
            with lock:
                tally.add(scenario, fault, kind, reasons, result, exceptions)
                if options.only:
                    show(result, kind, reasons)
                elif reasons:
                    print(f"{scenario}:{':'.join(map(str, fault))}: {'; '.join(text for _, text in reasons)}", file=sys.stderr, flush=True)
                done[0] += 1
                if done[0] % 500 == 0:
                    print(f"{done[0]} of {total} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        worker.end()
    if not options.only:
        print_table(tally)
        print(f"{total} faults in {time.monotonic() - began:.0f} s, {len(tally.unclean)} unclean")
    return 1 if tally.unclean else 0


if __name__ == "__main__":
    sys.exit(main())
