#!/usr/bin/env python3
"""Checks the order of the rooms under launcher/.

    tests/rooms/check.py             checks this project
    tests/rooms/check.py --self-test checks that the check finds mistakes

A room includes only rooms on lower floors, and only one room includes a third-party library. launcher/README.md says
why.
"""
import pathlib
import re
import sys

# From the top down. Rooms on one floor do not include each other.
FLOORS = [
    ["companions"],
    ["cli"],
    ["doctor", "explain"],
    ["run"],
    ["hints"],
    ["host"],
    ["plan"],
    ["policy", "sandbox", "cgroup", "workspace", "outputs", "report", "ci", "warm"],
    ["caches", "seccomp"],
    ["model"],
    ["sys", "yaml", "digest"],
    ["base"],
]
# How a library's headers begin, and the only room that may include them.
LIBRARIES = [
    ("archive", "warm"),
    ("boost/", "sys"),
    ("CLI/", "cli"),
    ("fmt/", "base"),
    ("nettle/", "digest"),
    ("nlohmann/", "report"),
    ("seccomp.h", "seccomp"),
    ("spdlog/", "base"),
    ("yaml-cpp/", "yaml"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def floor_of(room):
    for height, floor in enumerate(reversed(FLOORS)):
        if room in floor:
            return height
    return None


def mistake(room, included, quoted):
    """Why a file of this room may not include that header, or None."""
    for prefix, owner in LIBRARIES:
        if included.startswith(prefix) and room != owner:
            return f"the library belongs to {owner}/ alone"
    other = included.split("/")[0] if "/" in included else None
    if not quoted or other is None or other == room:
        return None
    if floor_of(other) is None:
        return f"there is no room {other}/ in the list of floors"
    if floor_of(other) >= floor_of(room):
        return f"{other}/ is not below {room}/"
    return None


def mistakes(launcher):
    found = []
    for room in sorted(entry for entry in launcher.iterdir() if entry.is_dir()):
        if floor_of(room.name) is None:
            found.append(f"{room}: in no floor of {sys.argv[0]}")
            continue
        for file in sorted([*room.rglob("*.hpp"), *room.rglob("*.cpp")]):
            for include in INCLUDE.finditer(file.read_text()):
                why = mistake(room.name, include[2], include[1] == '"')
                if why:
                    found.append(f"{file} includes {include[2]}: {why}")
    return found


def self_test():
    cases = [
        ("sys", "run/run_step.hpp", True, False),      # upwards
        ("cgroup", "sandbox/box.hpp", True, False),    # sideways
        ("run", "seccomp.h", False, False),            # another room's library
        ("run", "attic/box.hpp", True, False),         # a room that is on no floor
        ("run", "plan/make_plan.hpp", True, True),
        ("run", "run/supervise.hpp", True, True),
        ("seccomp", "seccomp.h", False, True),
        ("base", "sys/wait.h", False, True),           # the system's header, not ours
    ]
    wrong = [case for case in cases if (mistake(*case[:3]) is None) != case[3]]
    return [f"wrong about {room}/ and {header}" for room, header, _, _ in wrong]


def main():
    launcher = pathlib.Path(__file__).resolve().parents[2] / "launcher"
    found = self_test() if sys.argv[1:] == ["--self-test"] else mistakes(launcher)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
