#!/usr/bin/env python3
"""Every block of the README, the other pages, the manual pages and the helps that can be run is run, as it stands there;
policies and profiles are read, options and links looked up. What cannot be run is in NOT_RUN, with the reason.

    tests/pages/run.py STEPBOX

As root it does so as root and as an ordinary user. A block of an unknown kind is a failure: add below how to run it, or
why it cannot be run.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

import yaml

import blocks
from world import World, in_tenths_of_seconds, pattern_of

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
ORDINARY_USER = 60123
MARKDOWN = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md", "launcher/README.md"]
MANUALS = ["packaging/man/stepbox.1", "packaging/man/stepbox-policy.5", "packaging/man/stepbox-errors.7",
           "packaging/man/stepbox-warm.1", "packaging/man/stepbox-caches.7"]
MOST_LINES = {"README.md": 200}
CI_FILES = [f"examples/ci/{name}" for name in ("github-actions.yml", "gitlab-ci.yml", "buildkite.yml")]

# First words of commands that are not run, and what is checked instead.
NOT_RUN = {
    "docker": "needs a daemon",
    "podman": "needs images from the network",
    "packaging/apt-install.sh": "would install; that the list has what it names is looked at",
    "cmake": "would build this tree once more; presets and options are looked up",
    "examples/quickstart.sh": "builds this tree once more; that it is there is looked at",
    "tests/run.sh": "is what runs this; that it is there is looked at",
    "systemd-run": "needs a session of systemd's",
    "loginctl": "would change this machine",
}
# Options of other programs in running text.
FOREIGN_OPTIONS = {
    "--no-sandbox": "Chromium", "--init": "docker", "--privileged": "docker", "--security-opt": "docker",
    "--cap-add": "docker", "--user": "systemd-run", "--scope": "systemd-run", "--wait": "systemd-run", "--find-links": "pip",
    "--frozen-store": "pnpm", "--quick": "tests/run.sh",
}
# Refusals for something that a host may lack: they are skipped, loudly.
PASSED_OVER = (r"the [\d.]+ \w+ of memory that stepbox may use cannot hold them", r"cannot enforce limits\.\w+",
               r"protection '[\w-]+' is required by .* but is (degraded|off)")

failures, passed_over, ran = [], [], 0


def complain(where, text):
    failures.append(f"{where}: {text}")


def read(path):
    with open(os.path.join(REPOSITORY, path)) as file:
        return file.read()


def count():
    global ran
    ran += 1


# Commands, one a line; each must succeed.

def run_command(world, where, command):
    if command.startswith("+"):  # a line of a makefile
        world.write("page.mk", "page:\n\t" + command + "\n")
        command = "make -j2 -f page.mk"
    command = command.replace("{0}", "./script")  # a placeholder of CI systems
    count()
    status, output = world.run(in_tenths_of_seconds(command))
    if status == 0:
        return
    if status == 125 and any(re.search(reason, output) for reason in PASSED_OVER):
        passed_over.append(f"{where} as uid {world.uid}: {output.splitlines()[0]}")
        return
    complain(where, f"`{command}` as uid {world.uid} ended with {status}:\n{output}")


def look_at(where, words):
    """Checks as much of a command as is possible without running it."""
    program = words[0]
    if "/" in program and not os.access(os.path.join(REPOSITORY, program), os.X_OK):
        complain(where, f"this repository has no program {program}")
    if program == "packaging/apt-install.sh":
        for purpose in words[words.index("--for") + 1:]:
            if not re.search(f"^{re.escape(purpose)}: ", read("packaging/packages"), re.M):
                complain(where, f"packaging/packages lists nothing for {purpose}")
    if program == "cmake":
        for word in words:
            if (option := re.match(r"-D(STEPBOX_\w+)=", word)) and f"option({option[1]} " not in read("CMakeLists.txt"):
                complain(where, f"CMakeLists.txt has no option {option[1]}")
        if "--preset" in words and f'"{words[words.index("--preset") + 1]}"' not in read("CMakePresets.json"):
            complain(where, "CMakePresets.json has no such preset")


def run_commands(world, block):
    for line in block.text().replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] in NOT_RUN:
            look_at(block.where(), words)
        elif words[0].lstrip("+") == "stepbox":
            run_command(world, block.where(), line)
        else:
            complain(block.where(), f"this check does not know how to run `{line}`")


# Sessions: commands after "$ ", and their output.

def commands_of(session):
    commands = []
    for line in session.lines:
        if line.startswith("$ "):
            commands.append((line[2:], []))
        else:
            commands[-1][1].append(line)
    return commands


def run_session(world, block):
    commands = commands_of(block)
    if not any(expected for _, expected in commands):
        for command, _ in commands:
            run_command(world, block.where(), command)
        return
    mark = "-- end of a command --"
    script = "".join(f"{command}\nstatus=$?; echo '{mark}'; (exit $status)\n" for command, _ in commands)
    count()
    with world.without_settings():
        _, output = world.run(in_tenths_of_seconds(script))
    answers = output.split(mark + "\n")
    for (command, expected), answer in zip(commands, answers):
        lines = [line for line in answer.splitlines() if not line.startswith("stepbox: user ids are not isolated")]
        expected = [in_tenths_of_seconds(line) for line in expected]
        fits = len(lines) == len(expected) and all(
            re.fullmatch(pattern_of(line, world.home), answered) for line, answered in zip(expected, lines))
        if not fits:
            complain(block.where(), f"`{command}` as uid {world.uid} does not print what the page says, but:\n{answer}")


# YAML: policies and seccomp profiles.

def check_yaml(world, block):
    count()
    text = block.text()
    if "groups" in yaml.safe_load(text):
        return run_command(world, block.where(), f"stepbox run --seccomp {world.write('page.profile.yaml', text)} -- true")
    is_projects = text.startswith("# .stepbox.yaml")
    path = world.write("project/.stepbox.yaml" if is_projects else "page.yaml", text)
    run_command(world, block.where(), f"stepbox policy check {path}")
    if is_projects:
        run_command(world, block.where(), "cd project && stepbox run -- true")


# A listing of folders: "launcher/    the program; ...".

def check_listing(world, block):
    for line in block.lines:
        if (entry := re.match(r"(\w+/) ", line)) and not os.path.isdir(os.path.join(REPOSITORY, entry[1])):
            complain(block.where(), f"there is no {entry[1]}")


# A drawing: "```text". Nothing in it is for typing.

def check_drawing(block):
    for line in block.lines:
        if re.match(r"\s*(\$|stepbox|[\w./-]+\.(sh|py)\b)", line):
            complain(block.where(), f"`{line}` looks like a command; a block of language text is not run")


def run_block(world, block):
    if block.language == "text":
        return check_drawing(block)
    first = next((line for line in block.lines if line.strip()), "")
    if any(line.startswith("version: 1") for line in block.lines):
        check_yaml(world, block)
    elif first.startswith("$ "):
        run_session(world, block)
    elif re.match(r"\w+/ ", first):
        check_listing(world, block)
    else:
        run_commands(world, block)


# The commands that CI systems would run.

def ci_commands(path):
    def leaves(node):
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
            yield from leaves(child)
        if isinstance(node, str):
            yield node
    return [text for text in leaves(yaml.safe_load(read(path))) if text.startswith("stepbox ")]


def run_ci_files(world):
    for path in CI_FILES:
        commands = ci_commands(path)
        if not commands:
            complain(path, "none of its commands begins with stepbox")
        for command in commands:
            run_command(world, path, command)
    for command in re.findall(r"'(stepbox [^']*)'", read("examples/ci/Jenkinsfile")):
        run_command(world, "examples/ci/Jenkinsfile", command)
    script = world.write("swarming.sh", read("examples/ci/swarming.sh"))
    run_command(world, "examples/ci/swarming.sh", f'out=$(mktemp -d "$HOME/out.XXXX") && {script} "$out" go test')


# Checks that do not depend on the user.

def check_links(page, text):
    for line, path, anchor in blocks.links(text):
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(os.path.join(REPOSITORY, target)):
            complain(f"{page}:{line}", f"there is no {target}")
        elif anchor and anchor not in blocks.anchors(read(target)):
            complain(f"{page}:{line}", f"{target} has no heading for #{anchor}")


def check_words(stepbox):
    known = set(re.findall(r"^  (--[a-z-]+)", subprocess.check_output([stepbox, "run", "--help"], text=True), re.M))
    known |= set(re.findall(r"--[a-z-]+", subprocess.check_output([stepbox, "warm", "--help"], text=True)))
    known |= {"--json", "--version", "--all"} | set(FOREIGN_OPTIONS)
    for page in MARKDOWN:
        text = read(page)
        for line, option in blocks.inline_options(text):
            if option not in known:
                complain(f"{page}:{line}", f"stepbox has no option {option}")
        check_links(page, text)
        if text.count("\n") > MOST_LINES.get(page, text.count("\n")):
            complain(page, f"it has more than {MOST_LINES[page]} lines")
    for page in MANUALS[1:]:  # stepbox.1 names reserved options too; tests/examples/check_documentation.sh looks at it
        for line, option in blocks.manual_options(read(page)):
            if option not in known:
                complain(f"{page}:{line}", f"stepbox has no option {option}")


def check_rendering(page, found):
    """A reader sees the page as it is rendered, where a lone "." or a macro's name in a block may look different."""
    if shutil.which("mandoc") is None:
        return passed_over.append(f"{page}: there is no mandoc to render it")
    rendered = subprocess.check_output(["mandoc", "-Tascii", "-Owidth=200", os.path.join(REPOSITORY, page)], text=True)
    seen = {line.strip() for line in re.sub(".\b", "", rendered).splitlines()}
    for block in found:
        for line in block.lines:
            if line.strip() not in seen:
                complain(block.where(), f"`{line}` is not rendered like this")


def all_blocks(stepbox):
    found = []
    for page in MARKDOWN:
        found += blocks.of_markdown(page, read(page))
    for page in MANUALS:
        of_page = blocks.of_mdoc(page, read(page))
        check_rendering(page, of_page)
        found += of_page
    general = subprocess.check_output([stepbox, "--help"], text=True)
    found += blocks.of_help("stepbox --help", general)
    commands = re.findall(r"^(?:usage:|      ) stepbox ([a-z]+)", general, re.M)
    if "run" not in commands:
        complain("stepbox --help", "it names no command")
    for command in commands:
        found += blocks.of_help(f"stepbox {command} --help", subprocess.check_output([stepbox, command, "--help"], text=True))
    return found


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tests/pages/run.py STEPBOX")
    stepbox = os.path.realpath(sys.argv[1])
    check_words(stepbox)
    found = all_blocks(stepbox)
    if len({block.page for block in found}) < 5:
        complain("pages", "hardly any page has a block")
    for uid in [0, ORDINARY_USER] if os.getuid() == 0 else [os.getuid()]:
        world = World(stepbox, uid)
        try:
            for block in found:
                run_block(world, block)
            run_ci_files(world)
        finally:
            world.remove()
    for line in passed_over:
        print(f"SKIPPED: {line}")
    for line in dict.fromkeys(failures):
        print(f"FAILED: {line}")
    if not failures:
        print(f"ok      {len(found)} blocks of pages, {ran} things run or read; not run: {', '.join(NOT_RUN)}")
    sys.exit(1 if failures else 0)


main()
