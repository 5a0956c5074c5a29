"""Judges whether a run with a fault ended in an allowed way. Pure."""

import os
import re
import signal

# Names that differ from box to box.
VOLATILE = ((re.compile(r"stepbox-box-[0-9a-f]{12}"), "stepbox-box-X"), (re.compile(r"stepbox-\d+-[0-9a-f]{16}"), "stepbox-X"),
            (re.compile(r"faults-\d+-\d+"), "faults-X"),
            (re.compile(r"\b(0,+)\d{6,10}(,+\d+)"), r"\1SHIFTED\2"))
WRITES_A_MESSAGE = {"write", "writev", "pwrite64"}
INTERNAL = ("internal error", "this is a bug", "terminate called", "what():")
PERMITTED = re.compile(r"(read|write):")


def normal(text):
    for pattern, replacement in VOLATILE:
        text = pattern.sub(replacement, text)
    return text


def facts_of(result):
    facts = {}
    for line in normal(result["out"]).splitlines():
        key, _, value = line.partition(" ")
        if key.startswith("mount:"):
            # The key is the place; of several mounts at one place, the second and later ones get a number.
            place = "mount:" + key.split(":", 2)[2]
            key = next(name for name in (place, *(f"{place}#{number}" for number in range(2, 99))) if name not in facts)
        if line != "done":
            facts[key] = value
    return facts


def ledger_of(report):
    if not isinstance(report, dict):
        return None
    return [(protection["name"], protection["state"]) for protection in report.get("protections", [])]


def words_of(result):
    """What stepbox says, without figures that differ from run to run."""
    return {re.sub(r"\d+", "N", normal(line)) for line in result["err"].splitlines()}


class Baseline:
    def __init__(self, result, indifferent=()):
        self.indifferent = indifferent
        self.facts = facts_of(result)
        self.ledger = ledger_of(result["report"])
        self.words = words_of(result)


def weaker(result, baseline):
    """Everything that the step could do only because of the fault, and every other difference."""
    facts = facts_of(result)
    found = []
    for key, value in facts.items():
        usual = baseline.facts.get(key)
        if value.startswith("?") or value == usual or key in baseline.indifferent:
            continue
        if PERMITTED.match(key) and value != "yes":
            continue
        if key == "mounts":
            continue  # each mount is compared by itself
        found.append(f"{key} is '{value}', not '{usual}'")
    # A missing host tree only gives the step less; but a missing file system of the box's own may be one that hides
    # something.
    covers = {key for key, value in baseline.facts.items() if key.startswith("mount:") and value.endswith((",tmpfs", ",proc"))}
    if "mounts" in facts and not facts["mounts"].startswith("?"):
        found += [f"{key} is missing" for key in sorted(covers - facts.keys())]
    return found


def was_told(result, baseline):
    ledger = ledger_of(result["report"])
    return bool(words_of(result) - baseline.words) or (ledger is not None and ledger != baseline.ledger)


def is_told_as_left(result, item):
    """Whether stepbox reported a leftover that the kernel did not let it remove."""
    report = result["report"] if isinstance(result["report"], dict) else {}
    named = " ".join(str(record) for record in report.get("teardown", {}).get("leftovers", []))
    place = item.split(" ")[-1]
    return place in named and place in result["err"]


def judge(result, baseline):
    """The kind of a clean end, and the reasons why the end is unclean: pairs of a word and a sentence."""
    reasons = []
    call, what, _ = result["fault"]
    if result["hang"]:
        return "hang", [("hang", "it hangs: " + "; ".join(result.get("stuck", [])))]
    status = result["status"]
    code = os.waitstatus_to_exitcode(status)
    did_run = "done" in result["out"].split("\n")
    report = result["report"]
    untold = [item for item in result["left"] if not is_told_as_left(result, item)]
    if untold:
        reasons.append(("left", "it leaves " + ", ".join(untold)))
    if code < 0 and not (what == "SIGKILL" and -code == signal.SIGKILL):
        reasons.append(("crash", f"stepbox is ended by signal {-code}"))
    if any(word in result["err"] for word in INTERNAL):
        reasons.append(("internal", "stepbox tells of an internal error"))
    if code == 0 and not did_run:
        reasons.append(("lie", "it succeeds although the step has not run"))
    if isinstance(report, dict) and report.get("outcome", {}).get("verdict") == "success" and not (did_run and code in (0, -signal.SIGKILL)):
        reasons.append(("lie", f"the report says success, the exit code is {code}"))
    if code == 125 and call not in WRITES_A_MESSAGE and "stepbox: " not in "\n".join(words_of(result) - baseline.words):
        reasons.append(("silent", "it ends with 125 without a word"))
    if did_run:
        lost = weaker(result, baseline)
        if lost and not was_told(result, baseline):
            reasons.append(("weaker", "the step ran otherwise than asked, without a word: " + "; ".join(lost)))
    return kind_of(result, baseline, code, did_run), reasons


def kind_of(result, baseline, code, did_run):
    if result.get("swept"):
        return "swept"
    if result["left"]:
        return "told"
    if not result.get("hit", True):
        return "not-reached"
    if code < 0 or code == 137:
        return "killed"
    if code == 125:
        return "refused"
    if code != 0 or not did_run:
        return "step-failed"
    return "told" if was_told(result, baseline) else "as-usual"
