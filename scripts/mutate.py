# SPDX-License-Identifier: GPL-2.0-only
"""Make mutants of a source of kmod/: see scripts/mutants.

mutate.py SOURCE COVERAGE OUT NUMBER SEED: COVERAGE is build/coverage, which tells what runs each
line. Each of NUMBER mutants gets a directory in OUT with the mutated 'source', 'what' has been
changed, and the 'suites' and 'programs' that run the line, fastest first. No mutant moves a line.
"""

import collections
import json
import pathlib
import random
import re
import sys

# Seconds that the tests of one mutant may take, by the times of 'make coverage'. The debug kernel
# takes three times as long.
BUDGET = 20

TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&"}
# A call, an assignment or an increment that is a line of its own.
STATEMENT = re.compile(r"(?<=[;{}:)\n])\n(\t+)((?:[\w>.\-\[\]*]+ [-+|&]?= [^;{}\n]+|[\w>.\-]+\([^;{}\n]*\)"
                       r"|\+\+[*\w>.\-]+|[\w>.\-]+(?:\+\+|--));)(?=\n)")
# Leaving these out changes nothing that a test could see.
CHECKS = re.compile(r"assert|BUILD_BUG|WARN|BUG_ON|^trace_|might_|cond_resched|prefetch")
LOCKS = re.compile(r"(?<!un)(lock|down)(_|\b|\()|unlock|up_(read|write)")
# Where it matters what comes first.
ORDERED = re.compile(r"lock|up_(read|write)|_put|put_|_get|free|release|wake|smp_|WRITE_ONCE|zap|list_|atomic")


def blank(text):
    """Return the text with spaces for comments, strings and the preprocessor's lines."""
    pattern = r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|^#(?:\\\n|[^\n])*"
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S | re.M)


def functions(text):
    """Yield where each function's body begins and ends."""
    for match in re.finditer(r"\)\n\{\n.*?\n\}", text, re.S):
        yield match.start(), match.end()


def closing(text, opening):
    """Return where the parenthesis at an index is closed."""
    depth = 0
    for index in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if not depth:
            return index
    raise ValueError("an open parenthesis")


def conditions(text):
    for match in re.finditer(r"\b(?:if|while) \(", text):
        start, end = match.end(), closing(text, match.end() - 1)
        for forced in ("false &&", "true ||"):
            yield "condition forced", [(start, start, forced + " ("), (end, end, ")")]


def operators(text):
    for match in re.finditer(r"(?<= )(<=|>=|==|!=|<|>|&&|\|\|)(?=\s)", text):
        yield "comparison turned", [(*match.span(), TURNED[match[1]])]
    for match in re.finditer(r"(?<= )[-+](?= )", text):
        yield "sum turned", [(*match.span(), "-" if match[0] == "+" else "+")]
    for match in re.finditer(r"(?<=\treturn )(-E\w+|err|ret|error)(?=;)", text):
        yield "error ignored", [(*match.span(), "0")]
    for match in re.finditer(r"(?<=\treturn )(true|false)(?=;)", text):
        yield "result turned", [(*match.span(), "false" if match[0] == "true" else "true")]
    for match in re.finditer(r"\b(smp_store_release|smp_load_acquire)\(", text):
        plain = "WRITE_ONCE" if "store" in match[1] else "READ_ONCE"
        yield "barrier removed", [(*match.span(1), plain)]


def statements(text):
    found = list(STATEMENT.finditer(text))
    for match in found:
        if not CHECKS.search(match[2]) and not LOCKS.search(match[2]):
            yield "statement left out", [(*match.span(2), ";")]
    for one, two in zip(found, found[1:]):
        if one.end() == two.start() and one[1] == two[1] and not CHECKS.search(one[2] + two[2]) and \
                (ORDERED.search(one[2]) or ORDERED.search(two[2])):
            yield "order swapped", [(*one.span(2), two[2]), (*two.span(2), one[2])]


def locks(text):
    """Leave out a lock and all that unlocks it."""
    for begin, end in functions(text):
        for match in re.finditer(r"\n\t+((\w*(?:lock|down_read|down_write))(\([^;\n]*\);))", text[begin:end]):
            undo = match[2].replace("down_", "up_").replace("lock", "unlock") + match[3]
            edits = [(begin + m.start(), begin + m.end(), ";")
                     for m in re.finditer(r"\b" + re.escape(undo), text[begin:end])]
            if "unlock" not in match[2] and edits:
                yield "lock dropped", [(begin + match.start(1), begin + match.end(1), ";"), *edits]


def apply(text, edits):
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def mutants(text):
    """Return {kind: [edits]} of all mutants."""
    plain = blank(text)
    bodies = list(functions(plain))
    kinds = collections.defaultdict(list)
    for generate in (conditions, operators, statements, locks):
        for kind, edits in generate(plain):
            if any(begin < edits[0][0] < end for begin, end in bodies):
                kinds[kind].append(edits)
    return kinds


def sample(kinds, number, seed):
    """Yield mutants of each kind in turn."""
    chance = random.Random(seed)
    queues = [(kind, chance.sample(all_edits, len(all_edits))) for kind, all_edits in sorted(kinds.items())]
    chance.shuffle(queues)
    while number and queues:
        kind, queue = queues.pop(0)
        yield queue.pop()
        number -= 1
        queues += [(kind, queue)] if queue else []


def times_of(coverage):
    """Return {test: seconds} of the suites and programs that ran."""
    times = {}
    for path in (coverage / "results").glob("*.ktap"):
        text = path.read_text(encoding="utf-8")
        for test, seconds in re.findall(r"^# (iokmem_\w+): (\d+) s$", text, re.M):
            times[test] = int(seconds)
        for seconds, test in re.findall(r"^# (\d+) s\n(?:# .*\n)*(?:not )?ok \d+ (\S+)$", text, re.M):
            times[test] = int(seconds)
    # It makes the kernel warn.
    times.pop("misuse_test", None)
    # Its counts are with those of loading and unloading.
    if "unload_test" in times:
        times["unload"] = times.pop("unload_test")
    return times


def tests_of(ran_by, times, text, place, stem):
    """Return what runs the statement at a place: (suites, programs), as far as the time goes.

    Those that are named after the source come first, and then the fast ones.
    """
    # The counts of a statement are at one of its lines.
    line = text.count("\n", 0, place) + 1
    names = next((ran_by[str(n)] for n in range(line, max(line - 4, 0), -1) if str(n) in ran_by), [])
    chosen, left = [], BUDGET
    for test in sorted((test for test in names if test in times),
                       key=lambda test: (stem not in test, times[test], test)):
        left -= times[test]
        if left >= 0:
            chosen.append("unload_test" if test == "unload" else test)
    return ([test for test in chosen if test.startswith("iokmem_")],
            [test for test in chosen if not test.startswith("iokmem_")])


def describe(name, text, changed, place):
    """Return what has been changed, on one line."""
    pairs = [pair for pair in zip(text.split("\n"), changed.split("\n")) if pair[0] != pair[1]]
    line = text.count("\n", 0, place) + 1
    return f"{name}:{line}: " + "; ".join(f"{a.strip()} -> {b.strip()}" for a, b in pairs)


def main():
    source, coverage, out = map(pathlib.Path, sys.argv[1:4])
    text = source.read_text(encoding="utf-8")
    name = str(source)[str(source).rindex("kmod/"):]
    ran_by = json.loads((coverage / "ran-by.json").read_text(encoding="utf-8")).get(name, {})
    times = times_of(coverage)
    for number, edits in enumerate(sample(mutants(text), int(sys.argv[4]), sys.argv[5])):
        directory = out / f"{number:03}"
        directory.mkdir(parents=True)
        changed = apply(text, edits)
        suites, programs = tests_of(ran_by, times, text, edits[0][0], source.stem)
        for file, content in (("source", changed), ("what", describe(name, text, changed, edits[0][0]) + "\n"),
                              ("suites", " ".join(suites)), ("programs", " ".join(programs))):
            (directory / file).write_text(content, encoding="utf-8")


main()
