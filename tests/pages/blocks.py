"""The blocks of a page that a reader would type or copy: fenced code of Markdown, displays of mdoc, examples of a help."""
import re
from dataclasses import dataclass


@dataclass
class Block:
    page: str
    line: int  # of the block's first line
    lines: list
    language: str = ""

    def where(self):
        return f"{self.page}:{self.line}"

    def text(self):
        return "\n".join(self.lines) + "\n"


def of_markdown(page, text):
    blocks, inside = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("```"):
            if inside is not None:
                inside.lines.append(line)
        elif inside is None:
            inside = Block(page, number + 1, [], line[3:].strip())
        else:
            blocks.append(inside)
            inside = None
    if inside is not None:
        raise SystemExit(f"{inside.where()}: this block has no end")
    return blocks


def of_mdoc(page, text):
    blocks, inside = [], None
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.replace(r"\&", "").replace(r"\-", "-").replace(r"\e", "\\")
        if line.startswith(".Bd -literal"):
            inside = Block(page, number + 1, [])
        elif line.startswith(".Ed"):
            blocks.append(inside)
            inside = None
        elif inside is not None:
            inside.lines.append(plain)
        elif line.startswith(".Dl "):
            blocks.append(Block(page, number, [plain.removeprefix(".Dl ")]))
    return blocks


def of_help(page, text):
    """The indented lines after "example:" or "examples:"."""
    blocks, inside = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.rstrip() in ("example:", "examples:"):
            inside = Block(page, number + 1, [])
            blocks.append(inside)
        elif inside is not None and line.startswith("  "):
            inside.lines.append(line.strip())
        else:
            inside = None
    return blocks


def inline_options(text):
    """(line, option) for every --option in backticks on a Markdown page, outside blocks."""
    found, fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            for span in re.findall(r"`([^`]+)`", line):
                found += [(number, option) for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", span)]
    return found


def manual_options(text):
    """(line, option) for every option that a manual page names: "Fl -size"."""
    return [(number, "-" + option)
            for number, line in enumerate(text.splitlines(), 1) if line.startswith(".")
            for option in re.findall(r"\bFl (-[a-z][a-z-]+)", line)]


def links(text):
    """(line, path, anchor) for every link of a Markdown page into this repository; either may be empty."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for target in re.findall(r"\]\(([^)]+)\)", line):
            if "://" not in target:
                path, _, anchor = target.partition("#")
                found.append((number, path, anchor))
    return found


def anchors(text):
    """The anchors that a viewer of Markdown gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
