#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Evaluate which lines and branches of kmod/ have run: see scripts/coverage.

coverage_report.py COUNTS BUILD TOP OUT: COUNTS has an archive of gcov's files for each suite and
program, BUILD is where the module was built from the sources in TOP.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Shares of lines and of branches below which the run fails.
AIM = 95, 90

# Lines whose branches do not count, because tests cannot take all of them:
#  - the other outcome of a check is a fault of the module or of a driver, and lockdep is not part of
#    this kernel
#  - the code of a tracepoint, and of a macro that waits, is the kernel's
#  - these macros and functions have another branch for constants
#  - a fatal signal has to come in the moment in which a lock is awaited
NO_BRANCHES = re.compile(r"\b(\w*WARN_ON\w*|WARN_ONCE|BUG_ON|lockdep_\w+|mmap_assert_\w+|might_\w+|"
                         r"TRACE_EVENT|DECLARE_EVENT_CLASS|DEFINE_\w*EVENT|wait_event\w*|_*wait_var_event\w*|"
                         r"ilog2|round(up|down)_pow_of_two|get_order|__ffs|test_bit|bitmap_(set|clear)|"
                         r"node_isset|node_state|page_to_nid|nodemask_of_node|\w*lock_killable|down_\w+_killable)\(")
# Functions of kmod/ that no test runs on this kernel, with the reasons.
LIST = "Documentation/coverage.md"


def gcov(archive, build):
    """Return the archive's test, {file: {line: (count, [count of each branch])}}, and functions.

    The functions are {(file, name): count}.
    """
    counts = collections.defaultdict(dict)
    functions = collections.Counter()
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(["tar", "xzf", archive, "-C", tmp], check=True)
        files = sorted(str(path) for path in pathlib.Path(tmp).rglob("*.gcda"))
        # Links beside these files lead to what the compiler has written in the build directory.
        out = subprocess.run(["gcov", "-jbt", *files], capture_output=True, check=False, text=True)
    stale = re.findall(r"(kmod/\S+)\.gcda:stamp mismatch", out.stderr)
    if out.returncode and not stale:
        sys.exit(f"gcov cannot read {archive}: {out.stderr}")
    for name in stale:
        print(f"{archive.name}: {name}.c has changed since, so that it counts as not run", file=sys.stderr)
    for document in out.stdout.splitlines():
        for source in json.loads(document)["files"]:
            name = os.path.relpath(os.path.join(build, source["file"]), build)
            if not name.startswith("kmod/"):
                continue
            for line in source["lines"]:
                branches = [branch["count"] for branch in line["branches"]]
                add(counts[name], line["line_number"], line["count"], branches)
            for function in source["functions"]:
                functions[name, function["name"]] += function["execution_count"]
    return archive.name.removesuffix(".tar.gz"), counts, functions


def add(lines, number, count, branches):
    """Add counts to those of a line: functions of a header are in several objects."""
    old_count, old = lines.get(number, (0, []))
    length = max(len(old), len(branches))
    padded = [each + [0] * (length - len(each)) for each in (old, branches)]
    lines[number] = old_count + count, [sum(pair) for pair in zip(*padded)]


def relevant(branches, text):
    """Return the counts of those branches that tests can take."""
    return [] if NO_BRANCHES.search(text) else branches


def share(done, total):
    return 100 * done / total if total else 100


def write_lcov(out, top, total, text):
    with open(out / "lcov.info", "w", encoding="utf-8") as info:
        for name, lines in sorted(total.items()):
            info.write(f"TN:\nSF:{top / name}\n")
            for number, (count, branches) in sorted(lines.items()):
                for index, taken in enumerate(relevant(branches, text[name][number - 1])):
                    info.write(f"BRDA:{number},0,{index},{taken if count else '-'}\n")
                info.write(f"DA:{number},{count}\n")
            info.write("end_of_record\n")


def report(out, total, text):
    """Print a line for each file, write what has not run, and return the two shares."""
    sums = [0, 0, 0, 0]
    with open(out / "missed", "w", encoding="utf-8") as missed:
        print(f"{'lines':>7} {'%':>6} {'branches':>10} {'%':>6}")
        for name, lines in sorted(total.items()):
            row = [0, 0, 0, 0]
            for number, (count, branches) in sorted(lines.items()):
                source = text[name][number - 1]
                branches = relevant(branches, source)
                taken = sum(map(bool, branches))
                row = [a + b for a, b in zip(row, (bool(count), 1, taken, len(branches)))]
                if not count or taken < len(branches):
                    what = f"{taken} of {len(branches)} branches" if count else "line"
                    missed.write(f"{name}:{number}: {what}: {source.strip()}\n")
            sums = [a + b for a, b in zip(sums, row)]
            show(row, name)
    show(sums, "in all")
    return share(*sums[:2]), share(*sums[2:])


def show(row, name):
    print(f"{row[1]:7} {share(*row[:2]):6.1f} {row[3]:10} {share(*row[2:]):6.1f}  {name}")


def check_list(top, functions):
    """Compare the functions that never run with the list of them. Return true if they agree."""
    rows = re.findall(r"^\| `(kmod/\S+)` \| (.*?) \|", (top / LIST).read_text(encoding="utf-8"), re.M)
    listed = {(name, function) for name, cell in rows for function in re.findall(r"`(\w+)\(\)`", cell)}
    # The functions of tracepoints are the kernel's.
    never = {key for key, count in functions.items() if not count and key[0] != "kmod/trace.h"}
    for name, function in sorted(never - listed):
        print(f"never runs, and is not in {LIST}: {name}: {function}()")
    for name, function in sorted(listed - never):
        print(f"is in {LIST}, and runs or does not exist: {name}: {function}()")
    return never == listed


def evaluate(archives, build):
    """Return the sums of all archives, as of gcov(), and {file: {line: [test]}}."""
    total = collections.defaultdict(dict)
    functions = collections.Counter()
    ran_by = collections.defaultdict(lambda: collections.defaultdict(list))
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for test, result, called in pool.map(gcov, archives, [build] * len(archives)):
            for key, count in called.items():
                functions[key] += count
            for name, lines in result.items():
                for number, (count, branches) in lines.items():
                    add(total[name], number, count, branches)
                    # Loading is counted once for each guest.
                    if count and test not in ran_by[name][number]:
                        ran_by[name][number].append(test)
    return total, functions, ran_by


def main():
    counts, build, top, out = (pathlib.Path(arg).resolve() for arg in sys.argv[1:5])
    total, functions, ran_by = evaluate(sorted(counts.glob("*/*.tar.gz")), build)
    if not total:
        sys.exit(f"no counts of kmod/ in {counts}")
    text = {name: (build / name).read_text(encoding="utf-8").splitlines() for name in total}
    (out / "ran-by.json").write_text(json.dumps(ran_by), encoding="utf-8")
    write_lcov(out, top, total, text)
    shares = report(out, total, text)
    agrees = check_list(top, functions)
    if shares[0] < AIM[0] or shares[1] < AIM[1]:
        sys.exit(f"less than the aim of {AIM[0]} % of lines and {AIM[1]} % of branches")
    if not agrees:
        sys.exit(1)


main()
