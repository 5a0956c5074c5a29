#!/usr/bin/env python3
"""Checks the guides "How to add ..." of CONTRIBUTING.md.

    tests/guides/check.py             checks this project
    tests/guides/check.py --self-test checks that the check finds mistakes

There is a guide for each kind of thing, every file that a guide names exists, and a guide names every file of the
program, its data and its pages that contains the guide's example.
"""
import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = ["A tool", "A warm cache", "A limit of each process", "A limit on the whole box", "A key of the policy", "A subcommand", "A verdict",
         "A volume", "A group of system calls", "An engine"]
SEARCHED = ["launcher", "packaging", "policies"]
NAMED = re.compile(r"`((?:launcher|packaging|policies|tests|examples)/[^`\s]*|README\.md)`")


def guides_of(text):
    """The guides by their heading."""
    part = text.split("\n## How to add ...\n", 1)[-1].split("\n## ", 1)[0]
    headings = re.split(r"^### (.*)\n", part, flags=re.M)[1:]
    return dict(zip(headings[::2], headings[1::2]))


def examples_of(guide):
    line = re.search(r"^For example (.*?)\.(?:\n|$)", guide, re.M | re.S)
    return re.findall(r"`([^`]+)`", line[1].split(", what ")[0]) if line else []


def is_named(path, names):
    return any(path == name or path.startswith(name) and name.endswith("/") or fnmatch.fnmatch(path, name) for name in names)


def problems_of(text, files):
    """`files` maps paths to texts; files that exist but are not searched have None."""
    guides = guides_of(text)
    problems = [f"there is no guide \"{kind}\"" for kind in KINDS if kind not in guides]
    problems += [f"tests/guides/check.py does not know of \"{kind}\"" for kind in guides if kind not in KINDS]
    for kind, guide in guides.items():
        names = NAMED.findall(guide)
        examples = examples_of(guide)
        if not examples:
            problems.append(f"\"{kind}\" has no example")
        for name in names:
            if not any(is_named(path, [name]) for path in files):
                problems.append(f"\"{kind}\" names {name}, which is not there")
        for example in examples:
            having = [path for path, content in files.items() if content is not None and example in content]
            if not having:
                problems.append(f"\"{kind}\": nothing has {example} in it")
            problems += [f"\"{kind}\" does not name {path}, which has {example} in it"
                         for path in having if not is_named(path, names)]
    return problems


def files_of_project():
    files = {}
    for path in sorted(ROOT.rglob("*")):
        name = str(path.relative_to(ROOT))
        if name.startswith(("build", ".git/")) or not path.is_file():
            continue
        is_searched = name.split("/")[0] in SEARCHED or name == "README.md"
        files[name] = path.read_text(errors="replace") if is_searched else None
    return files


def self_test():
    files = {"launcher/a.cpp": "thing", "launcher/b.cpp": "thing", "tests/c.cpp": None}
    def guide(kind, body):
        return f"\n### {kind}\n\n{body}\n"
    def text(body):
        return "\n## How to add ...\n" + "".join(guide(kind, body) for kind in KINDS)
    good = "For example `thing`.\n\n1. `launcher/a.cpp`, `launcher/b.cpp`\n\nTest: `tests/c.cpp`."
    assert problems_of(text(good), files) == []
    assert problems_of(text(good.replace("a.cpp`, `launcher/b.cpp", "*.cpp")), files) == []
    assert len(problems_of(text(good.replace(", `launcher/b.cpp`", "")), files)) == len(KINDS)
    assert len(problems_of(text(good.replace("c.cpp", "d.cpp")), files)) == len(KINDS)
    assert len(problems_of(text(good.replace("thing", "nothing")), files)) == len(KINDS)
    assert len(problems_of(text(good).replace("### A verdict", "### A horse"), files)) == 2


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    problems = problems_of((ROOT / "CONTRIBUTING.md").read_text(), files_of_project())
    for problem in problems:
        print(f"FAILED: CONTRIBUTING.md: {problem}")
    sys.exit(1 if problems else 0)


main()
