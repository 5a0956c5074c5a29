"""One worker: pid 1 of its own namespaces, which reads faults from stdin and writes a line of JSON for each run.

As pid 1 it is the parent of every process that a run leaves, and no other processes are there. It also has its own
/tmp, /var/tmp, /run and /dev/shm, and a control group."""

import collections
import ctypes
import fcntl
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from scenarios import KILL, ROOT, SCENARIOS

PLACE = Path("/mnt/faults")
WATCHED = ("/tmp", "/var/tmp", "/run", "/dev/shm")
USER_ID = 60123
# Files that stepbox keeps by design.
KEPT = {"/run/stepbox", "/run/stepbox/ids"}
PATIENCE = float(os.environ.get("STEPBOX_TEST_PATIENCE", "1"))
HANG = 30 * PATIENCE  # seconds; a run takes a fraction of one
LATE = 15 * PATIENCE  # for processes that clean up after a killed supervisor
LIBC = ctypes.CDLL(None, use_errno=True)


def mount_tmpfs(where, mode):
    if LIBC.mount(b"none", where.encode(), b"tmpfs", 0, f"mode={mode}".encode()) != 0:
        raise OSError(ctypes.get_errno(), f"cannot mount a tmpfs on {where}")


def is_root():
    return os.geteuid() == 0


# ---- Control groups ------------------------------------------------------------------------------

class Groups:
    """The worker's own group in each hierarchy that can enforce one of our limits."""

    WANTED = {"memory", "pids", "cpu", "cpuacct", "freezer"}
    PREFIX = "faults-"

    def __init__(self, name):
        self.made = []  # (directory, is v2)
        self.locks = []  # held as long as the groups are in use
        self.controllers = set()
        if not is_root():
            return
        own = {}
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            own[controllers] = path
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            fields, _, rest = line.partition(" - ")
            kind, _, options = rest.split(" ", 2)
            top, root = Path(fields.split(" ")[4]), fields.split(" ")[3]
            if kind not in ("cgroup", "cgroup2"):
                continue
            for controllers, path in own.items():
                names = set(controllers.split(",")) & self.WANTED
                matches = not controllers if kind == "cgroup2" else names and names <= set(options.split(","))
                if matches:
                    self._make(top / os.path.relpath(path, root) / (self.PREFIX + name), kind == "cgroup2", names)

    def _make(self, directory, unified, names):
        try:
            if unified:
                offered = set((directory.parent / "cgroup.controllers").read_text().split()) & {"memory", "pids", "cpu"}
                if offered:
                    (directory.parent / "cgroup.subtree_control").write_text(" ".join("+" + name for name in offered))
                names = offered
            self._sweep(directory.parent)
            directory.mkdir()
            lock = os.open(directory, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.locks.append(lock)
            self.made.append((directory, unified))
            self.controllers |= names
        except OSError:
            pass

    def _sweep(self, parent):
        """Removes the groups of workers that were killed."""
        for directory in parent.glob(self.PREFIX + "*"):
            try:
                lock = os.open(directory, os.O_RDONLY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    for folder, _, _ in os.walk(directory, topdown=False):
                        os.rmdir(folder)
                finally:
                    os.close(lock)
            except OSError:
                pass

    def have_limits(self):
        return {"memory", "pids"} <= self.controllers

    def enter(self):
        for directory, unified in self.made:
            (directory / ("cgroup.procs" if unified else "tasks")).write_text("0")

    def left(self):
        return [str(entry) for directory, _ in self.made for entry in directory.iterdir() if entry.is_dir()]

    def empty(self):
        for path in self.left():
            for folder, _, _ in os.walk(path, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass

    def remove(self):
        self.empty()
        for directory, _ in self.made:
            try:
                directory.rmdir()
            except OSError:
                pass


# ---- The place -----------------------------------------------------------------------------------

def make_place(stepbox, steps):
    # Read first, since the mounts below may cover them.
    programs = {"stepbox": Path(stepbox).read_bytes(), "show_box": Path(steps, "show_box").read_bytes()}
    for path in WATCHED:
        if Path(path).is_dir():
            mount_tmpfs(path, "0755" if path == "/run" else "1777")
    mount_tmpfs("/mnt", "0755")
    for name in ("bin", "checkout/.git", "home", "secret", "out"):
        (PLACE / name).mkdir(parents=True)
    for name, content in programs.items():
        (PLACE / "bin" / name).write_bytes(content)
        (PLACE / "bin" / name).chmod(0o755)
    for name in ("secret/canary", "home/canary", "checkout/file"):
        (PLACE / name).write_text("canary\n")
    for path in ("/tmp/canary", "/var/tmp/canary", "/dev/shm/canary"):
        if Path(path).parent.is_dir():
            Path(path).write_text("canary\n")
            os.chmod(path, 0o666)


def own_place(uid):
    if is_root():
        for path in [PLACE, *PLACE.rglob("*")]:
            if "bin" not in path.parts:
                os.chown(path, uid, uid, follow_symlinks=False)


def listen(name):
    canary = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    canary.bind("\0" + name)
    canary.listen(64)
    canary.setblocking(False)
    return canary


def drain(canary):
    try:
        while True:
            canary.accept()[0].close()
    except BlockingIOError:
        pass


def files_now():
    found = set()
    for top in WATCHED:
        for folder, directories, files in os.walk(top):
            found.update(os.path.join(folder, name) for name in directories + files)
    return found


def mounts_now():
    return collections.Counter(line.split(" ", 2)[2] for line in Path("/proc/self/mountinfo").read_text().splitlines())


def environment(socket_name):
    links = " ".join(os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "ipc", "uts", "cgroup", "net", "user"))
    keyring = LIBC.syscall({"x86_64": 250, "aarch64": 219}[os.uname().machine], 0, -3, 0, 0, 0)
    return {"PATH": f"{PLACE}/bin:/usr/bin:/bin", "HOME": f"{PLACE}/home", "LANG": "C", "STEPBOX_HOST_NS": links,
            "STEPBOX_ABSTRACT": socket_name, "STEPBOX_HOST_KEYRING": str(keyring)}


# ---- One run -------------------------------------------------------------------------------------

def become(scenario):
    if scenario.caller == ROOT:
        return
    if is_root():
        os.setgroups([])
        os.setgid(USER_ID)
        os.setuid(USER_ID)
    else:
        LIBC.prctl(47, 4, 0, 0, 0)  # PR_CAP_AMBIENT_CLEAR_ALL: unshare(1) has kept the capabilities


def command_of(scenario):
    options = [option.format(secret=f"{PLACE}/secret") for option in scenario.options]
    shown = ["/", "/etc", "/usr", "/tmp", "/tmp/canary", "/var/tmp/canary", "/dev/shm/canary", f"{PLACE}/home",
             f"{PLACE}/home/canary", f"{PLACE}/secret/canary", f"{PLACE}/checkout/file", "/run/stepbox"]
    return [f"{PLACE}/bin/stepbox", "run", "--report", f"{PLACE}/out/report.json", *options, "--", "show_box", *shown]


def start_stopped(scenario, groups, argv, values):
    """A child that stops just before its execve, so that strace sees the execve first."""
    pid = os.fork()
    if pid != 0:
        os.waitpid(pid, os.WUNTRACED)
        return pid
    try:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        groups.enter()
        for number, (path, flags) in enumerate((("/dev/null", os.O_RDONLY), (PLACE / "out/stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
                                                (PLACE / "out/stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))):
            os.dup2(os.open(path, flags, 0o666), number)
        os.chdir(PLACE / "checkout")
        become(scenario)
        os.closerange(3, 256)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execve(argv[0], argv, values)
    finally:
        os._exit(99)


def tracer_of(pid):
    try:
        return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def attach(pid, options):
    log = "/mnt/strace.log"
    tracer = subprocess.Popen(["strace", "-f", "-q", "-o", log, "--signal=none", *options, "-p", str(pid)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not tracer_of(pid) and tracer.poll() is None:
        time.sleep(0.0005)
    return tracer, log


def wait_for(pid, seconds):
    """The wait status; None if the process does not end in time."""
    handle = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        end = time.monotonic() + seconds
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done == pid:
                return status
            left = end - time.monotonic()
            if left <= 0:
                return None
            if poll.poll(left * 1000):
                time.sleep(0.0005)  # strace has to reap it first
    finally:
        os.close(handle)


def processes_left(seconds):
    """The processes that remain after that time. All orphans are children of this process."""
    end = time.monotonic() + seconds
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return []
        if time.monotonic() > end:
            break
        time.sleep(0.001)
    names = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != "1":
            try:
                names.append(f"{entry.name} {(entry / 'comm').read_text().strip()} {(entry / 'wchan').read_text()}")
            except OSError:
                pass
    return names


def kill_all():
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def text_of(path):
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def report_of():
    try:
        return json.loads(text_of(PLACE / "out/report.json"))
    except ValueError:
        return None


class Worker:
    def __init__(self, name, stepbox, steps):
        make_place(stepbox, steps)
        self.groups = Groups(name)
        self.name = name
        self.canary = listen(name)
        self.files = files_now()
        self.mounts = mounts_now()

    def left_behind(self):
        left = [f"file {path}" for path in sorted(files_now() - self.files - KEPT)]
        left += [f"control group {path}" for path in self.groups.left()]
        # Host mounts may disappear: removing a mount point also removes the mounts on it.
        left += [f"mount {mount}" for mount in (mounts_now() - self.mounts)]
        return left

    @staticmethod
    def may_be_swept(item, killed):
        """Whether the next run removes it: a directory whose only process was killed, or a group whose guard was."""
        return item.startswith("file /tmp/stepbox-box-") or (item.startswith("control group") and killed > 1)

    def sweep(self, scenario):
        argv = [f"{PLACE}/bin/stepbox", "sweep"]
        pid = start_stopped(scenario, self.groups, argv, environment(self.name))
        os.kill(pid, signal.SIGCONT)
        os.waitpid(pid, 0)

    def clean(self):
        drain(self.canary)
        self.groups.empty()
        for path in sorted(files_now() - self.files - KEPT, reverse=True):
            try:
                os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
            except OSError:
                pass
        for path in (self.files - files_now()):
            Path(path).write_text("canary\n")

    def run(self, scenario, fault):
        is_kill = fault is not None and fault[1] == KILL
        own_place(os.geteuid() if scenario.caller == ROOT else USER_ID)
        for name in ("report.json", "stdout", "stderr"):
            (PLACE / "out" / name).unlink(missing_ok=True)
        began = time.monotonic()
        pid = start_stopped(scenario, self.groups, command_of(scenario), environment(self.name))
        tracer, log = attach(pid, options_for(fault))
        os.kill(pid, signal.SIGCONT)
        status = wait_for(pid, HANG)
        result = {"hang": status is None, "left": []}
        if status is None:
            result["stuck"] = processes_left(0)
            kill_all()
        else:
            try:
                tracer.wait(LATE)
            except subprocess.TimeoutExpired:
                pass
            stayed = processes_left(LATE if tracer.returncode is None else 1)
            if stayed:
                result["left"] += [f"process {name}" for name in stayed]
                kill_all()
        result["seconds"] = time.monotonic() - began
        result["status"] = status
        result["left"] += self.left_behind()
        result["trace"] = text_of(log)
        result["killed"] = len(re.findall(r"= \?$", result["trace"], re.MULTILINE)) if is_kill else 0
        if result["left"] and is_kill and all(self.may_be_swept(item, result["killed"]) for item in result["left"]):
            self.sweep(scenario)
            if not self.left_behind():
                result["swept"] = result["left"]
                result["left"] = []
        self.clean()
        result["out"] = text_of(PLACE / "out/stdout")
        result["err"] = text_of(PLACE / "out/stderr")
        result["report"] = report_of()
        return result


def options_for(fault):
    if fault is None:
        return []
    call, what, count = fault
    effect = "signal=SIGKILL" if what == KILL else f"error={what}"
    options = ["-e", f"trace={call}", "-e", f"inject={call}:{effect}:when={count}"]
    # Without the path, stepbox's own first execve would be hit as well.
    return options + (["-P", f"{PLACE}/bin/show_box"] if call == "execve" else [])


def main():
    name, stepbox, steps = sys.argv[1:4]
    worker = Worker(name, stepbox, steps)
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    print(json.dumps({"ready": True, "limits": worker.groups.have_limits()}), flush=True)
    try:
        for line in sys.stdin:
            job = json.loads(line)
            result = worker.run(scenarios[job["scenario"]], job["fault"])
            if job["fault"] is not None:
                result["hit"] = "(INJECTED)" in result["trace"] or result["killed"] > 0
                result["trace"] = result["trace"][-2000:]
            print(json.dumps(result | job), flush=True)
    finally:
        worker.groups.remove()


if __name__ == "__main__":
    main()
