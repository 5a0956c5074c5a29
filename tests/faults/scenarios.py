"""The runs into which faults are injected, one a row: name, caller, and the options of `stepbox run`, in which the
worker fills in {secret}."""

from dataclasses import dataclass

ROOT = "root"
USER = "user"


@dataclass(frozen=True)
class Scenario:
    name: str
    caller: str
    options: tuple[str, ...]
    needs_groups: bool = False
    indifferent: tuple[str, ...] = ()  # facts of show_box that may change silently


SCENARIOS = (
    Scenario("root-limits", ROOT, ("--limit", "memory=256MiB", "--limit", "processes=200", "--hide", "{secret}"), needs_groups=True,
             indifferent=("shmall",)),  # the memory limit bounds System V segments as well
    Scenario("root-strict", ROOT, ("--policy", "strict", "--size", "64MiB")),
    Scenario("root-loopback", ROOT, ("--timeout", "60s", "--network", "loopback", "--hide", "{secret}")),
    Scenario("user-default", USER, ("--hide", "{secret}")),
    Scenario("user-landlock", USER, ("--isolation", "landlock")),
    Scenario("user-env", USER, ("--isolation", "env")),
)

ERRNOS = ("EIO", "ENOMEM", "EPERM", "ENOSPC", "EMFILE", "EACCES")
KILL = "SIGKILL"
MOST = 5  # N of "the N-th call"
