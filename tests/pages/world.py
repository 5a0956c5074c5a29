"""A place to run the commands of a page in: a checkout, a home, and stand-ins for the programs that it names."""
import contextlib
import os
import re
import shutil
import stat
import subprocess
import tempfile

# The files that a page's commands need, below the checkout. They are stand-ins: the examples test what a build tool
# does in a box; here only stepbox's part of the line counts.
FILES = {
    "Makefile": "all test:\n\t@true\nlib:\n\t+stepbox run -- $(MAKE) -C lib\n.PHONY: all test lib\n",
    "lib/Makefile": "all:\n\t@true\n",
    "check.sh": "#!/bin/sh\n",
    "lint.sh": "#!/bin/sh\n",
    "test.sh": "#!/bin/sh\n",
    # Hangs like a test that waits for a connection.
    "integration-tests.sh": "#!/bin/sh\npython3 server.py\n",
    "server.py": "import socket\nwith socket.create_server(('127.0.0.1', 0)) as server:\n    server.accept()\n",
    ".git/HEAD": "ref: refs/heads/main\n",
    "script": "true\n",
}
SETTINGS = {".m2/settings.xml": "<settings/>\n", ".npmrc": "\n"}
HOME_FILES = SETTINGS | {"signing.key": "\n", ".cache/go-build/README": "\n"}
STAND_INS = ("go", "npm", "mvn", "cargo")


class World:
    def __init__(self, stepbox, uid):
        self.uid = uid
        self.root = tempfile.mkdtemp(prefix="stepbox-pages.", dir="/var/tmp")
        os.chmod(self.root, 0o755)
        self.home = f"{self.root}/home"
        self.checkout = f"{self.home}/project"
        for directory in (self.home, self.checkout, f"{self.root}/bin"):
            os.mkdir(directory)
        shutil.copy(stepbox, f"{self.root}/bin/stepbox")
        # Where stepbox finds it beside itself: in the build tree, or installed.
        for place in ("companions", "libexec/stepbox"):
            companion = os.path.join(os.path.dirname(os.path.realpath(stepbox)), "..", place, "stepbox-warm")
            if os.path.exists(companion):
                os.makedirs(f"{self.root}/{place}")
                shutil.copy(companion, f"{self.root}/{place}/stepbox-warm")
        for name, text in FILES.items():
            self._write(f"{self.checkout}/{name}", text)
        for name, text in HOME_FILES.items():
            self._write(f"{self.home}/{name}", text)
        for name in STAND_INS:
            self._write(f"{self.root}/bin/{name}", "#!/bin/sh\n")
        if uid != os.getuid():
            for directory, _, files in os.walk(self.root):
                for name in ["."] + files:
                    os.chown(os.path.join(directory, name), uid, uid)

    def _write(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        if text.startswith("#!"):
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)

    def write(self, name, text):
        """A file of the checkout's; returns its path."""
        path = f"{self.checkout}/{name}"
        self._write(path, text)
        return path

    def run(self, script):
        """Runs a bash script in the checkout; returns its status and what it printed, both streams together."""
        environment = {"PATH": f"{self.root}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": self.home, "LANG": "C.UTF-8",
                       "USER": "reader", "STEPBOX_WARM_STORE": f"{self.home}/warm"}
        who = {} if self.uid == os.getuid() else {"user": self.uid, "group": self.uid, "extra_groups": []}
        # A file instead of a pipe, because an ordinary user's stepbox may not watch root's pipe.
        with tempfile.TemporaryFile(dir=self.root) as output:
            os.fchown(output.fileno(), self.uid, self.uid)
            ran = subprocess.run(["bash", "-c", script], cwd=self.checkout, env=environment, stdin=subprocess.DEVNULL,
                                 stdout=output, stderr=subprocess.STDOUT, timeout=300, **who)
            output.seek(0)
            return ran.returncode, output.read().decode(errors="replace")

    @contextlib.contextmanager
    def without_settings(self):
        """The home of a reader who has no settings there: a failed step names none."""
        for name in SETTINGS:
            os.rename(f"{self.home}/{name}", f"{self.home}/{name}.away")
        try:
            yield
        finally:
            for name in SETTINGS:
                os.rename(f"{self.home}/{name}.away", f"{self.home}/{name}")

    def remove(self):
        shutil.rmtree(self.root)


def in_tenths_of_seconds(text):
    """Minutes become tenths of seconds, so that a page may speak of half an hour: 30m is 3s, 1h30m is 9s."""
    def shorter(found):
        tenths = int(found[2]) + (60 * int(found[1][:-1]) if found[1] else 0)
        seconds, rest = divmod(tenths, 10)
        return (f"{seconds}s" if seconds else "") + (f"{rest}00ms" if rest else "")
    return re.sub(r"\b(\d+h)?(\d+)m\b", shorter, text)


def pattern_of(expected, home):
    """The pattern of a line on a page: any number matches a number, any size a size, and the reader's home root's."""
    pattern = re.escape(expected.replace("/root/", home + "/"))
    pattern = re.sub(r"\d+(?:\\\.\d+)?(\\ (?:B|KiB|MiB|GiB|TiB)\b)", r"[0-9.]+ (?:B|KiB|MiB|GiB|TiB)", pattern)
    return re.sub(r"(?<![\[0-9-])\d+(?:\\\.\d+)?", "[0-9.]+", pattern) + r"\s*"
