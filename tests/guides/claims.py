#!/usr/bin/env python3
"""Checks what two pages say of the tests and of the program's messages.

    tests/guides/claims.py             of this project
    tests/guides/claims.py --self-test that the check finds what it is for

SECURITY.md: each row of a table "held by" names tests, and each test exists in the file that is named.
packaging/man/stepbox-errors.7: each heading below "MESSAGES OF STEPBOX" is a message that the program's source has.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
ADJACENT = re.compile(rf"{LITERAL}(?:\s*{LITERAL})*")
CASE = re.compile(rf"TEST_CASE\(\s*({LITERAL}(?:\s*{LITERAL})*)")


def joined(literals):
    """The text of adjacent string literals, as the compiler joins them."""
    return "".join(re.sub(r"\\(.)", r"\1", literal[1:-1]) for literal in re.findall(LITERAL, literals))


def rows_with_tests(page):
    """(line, first cell, last cell) of each row of each table whose last column is "held by"."""
    rows, inside = [], False
    for number, line in enumerate(page.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[-1] == "held by":
            inside = True
        elif inside and not set(cells[-1]) <= set("-: "):
            rows.append((number, cells[0], cells[-1]))
    return rows


def claim_problems(page, tests):
    """`tests` are the texts of test files by path."""
    problems, rows = [], rows_with_tests(page)
    if not rows:
        problems.append("SECURITY.md: no claim names a test")
    for number, claim, cell in rows:
        where = f"SECURITY.md:{number}"
        named = re.findall(r'`([^`]+)` ((?:"[^"]+"(?:, )?)+)', cell)
        if not named:
            problems.append(f"{where}: \"{claim}\" names no test")
        for path, names in named:
            known = {joined(case) for case in CASE.findall(tests.get(path, ""))}
            problems += [f"{where}: {path} has no test \"{name}\""
                         for name in re.findall(r'"([^"]+)"', names) if name not in known]
    return problems


def headings_of(page):
    """(line, heading) of the messages of stepbox."""
    found, inside = [], False
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith(".Sh "):
            inside = line == ".Sh MESSAGES OF STEPBOX"
        elif inside and line.startswith(".Ss "):
            found.append((number, line.removeprefix(".Ss ").replace(r"\&", "")))
    return found


def parts_of(heading):
    """What a message always says: "cannot use Ar DIRECTORY Sy as the checkout" has two parts. Sy also stands where the
    source puts a message together from two texts."""
    parts, words = [[]], iter(heading.split())
    for word in words:
        if word in ("Ar", "Fl", "Cm"):
            next(words)
        if word in ("Ar", "Fl", "Cm", "Sy", "Ns"):
            parts.append([])
        elif any(character.isalnum() for character in word):
            parts[-1].append(word)
    return [" ".join(part) for part in parts if part]


def message_problems(page, sources):
    literals = "\n".join(joined(match) for source in sources for match in ADJACENT.findall(source))
    headings = headings_of(page)
    problems = [] if headings else ["stepbox-errors.7: it has no message of stepbox"]
    for number, heading in headings:
        problems += [f"packaging/man/stepbox-errors.7:{number}: no message of the program says \"{part}\""
                     for part in parts_of(heading) if part not in literals]
    return problems


def self_test():
    tests = {"tests/a_test.cpp": 'TEST_CASE("one and "\n    "two", "[x]")'}
    table = "| claim | held by |\n|---|---|\n| It holds. | %s |\n"
    assert claim_problems(table % '`tests/a_test.cpp` "one and two"', tests) == []
    assert len(claim_problems(table % '`tests/a_test.cpp` "one and two", "three"', tests)) == 1
    assert len(claim_problems(table % '`tests/b_test.cpp` "one and two"', tests)) == 1
    assert len(claim_problems(table % "by experience", tests)) == 1
    assert len(claim_problems("no table", tests)) == 1
    sources = ['fail("cannot look at " + quoted(path)); fail("it is "\n "late");']
    page = ".Sh OTHERS\n.Ss foreign\n.Sh MESSAGES OF STEPBOX\n.Ss %s\n"
    assert message_problems(page % "cannot look at Ar PATH", sources) == []
    assert message_problems(page % "it is late", sources) == []
    assert len(message_problems(page % "cannot look at Ar PATH Sy today", sources)) == 1
    assert len(message_problems(page % "cannot find Ar PATH", sources)) == 1
    assert len(message_problems(".Sh MESSAGES\n.Ss x\n", sources)) == 1
    assert parts_of("cannot enforce limits. Ns Ar NAME") == ["cannot enforce limits."]
    assert parts_of("Ar PATH Sy is read-only") == ["is read-only"]


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    tests = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "tests").rglob("*_test.cpp")}
    sources = [path.read_text() for suffix in ("cpp", "hpp") for path in (ROOT / "launcher").rglob(f"*.{suffix}")]
    problems = claim_problems((ROOT / "SECURITY.md").read_text(), tests)
    problems += message_problems((ROOT / "packaging/man/stepbox-errors.7").read_text(), sources)
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(1 if problems else 0)


main()
