"""The runs that faults are injected into. Each is a row: name, who runs it, the options of `stepbox run`, and the
environment. {secret} and {report} are filled in by the worker."""

from dataclasses import dataclass, field

ROOT = "root"
USER = "user"


@dataclass(frozen=True)
class Scenario:
    name: str
    caller: str
    options: tuple[str, ...]
    needs_groups: bool = False
    environment: dict[str, str] = field(default_factory=dict)


SCENARIOS = (
    Scenario("root-limits", ROOT, ("--limit", "memory=256MiB", "--limit", "processes=200", "--hide", "{secret}"), needs_groups=True),
    Scenario("root-strict", ROOT, ("--policy", "strict", "--size", "64MiB")),
    Scenario("root-loopback", ROOT, ("--timeout", "60s", "--network", "loopback", "--hide", "{secret}")),
    Scenario("user-default", USER, ("--hide", "{secret}")),
    Scenario("user-landlock", USER, ("--isolation", "landlock")),
    Scenario("user-env", USER, ("--isolation", "env")),
)

ERRNOS = ("EIO", "ENOMEM", "EPERM", "ENOSPC", "EMFILE", "EACCES")
KILL = "SIGKILL"
MOST = 5  # N of "the N-th call"
