# SPDX-License-Identifier: GPL-2.0-only
"""Reading, looking up and writing the figures that the programs of tools/bench have counted."""

import csv
from pathlib import Path

FIELDS = ["row", "size", "operation", "first", "median", "maximum", "samples"]


class Figures:
    """Figures, by part, row, size and operation."""

    def __init__(self):
        self.rows = {}

    def add(self, part, fields):
        row = dict(zip(FIELDS, fields))
        for name in FIELDS:
            if name not in ("row", "operation"):
                row[name] = int(row[name])
        self.rows[part, row["row"], row["size"], row["operation"]] = row

    def update(self, other):
        self.rows.update(other.rows)

    def __iter__(self):
        return iter(self.rows.items())

    def get(self, part, row, size, operation, figure="median"):
        """Return a figure, or None if it was not counted."""
        found = self.rows.get((part, row, size, operation))
        return found and found[figure]

    def part(self, name):
        return [row for (part, *_), row in self if part == name]

    def parts(self):
        return list(dict.fromkeys(part for (part, *_), _ in self))


def read_results(path):
    """Read a guest's output. The part comes first; the last columns are for the profiler."""
    figures = Figures()
    with open(path, encoding="ascii") as lines:
        for part, *fields in csv.reader(lines):
            figures.add(part, fields)
    return figures


def read_csv(directory):
    """Read the files that write_csv() has written."""
    figures = Figures()
    for path in Path(directory).glob("*.csv"):
        with open(path, encoding="ascii") as lines:
            for fields in list(csv.reader(lines))[1:]:
                figures.add(path.stem, fields)
    return figures


def write_csv(directory, figures):
    for part in figures.parts():
        with open(f"{directory}/{part}.csv", "w", encoding="ascii", newline="") as out:
            writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(figures.part(part))


def table(head, rows, left=1):
    """Return a Markdown table with aligned columns. The first `left` columns are text."""
    rows = [head] + rows
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]

    def line(cells):
        cells = [c.ljust(w) if i < left else c.rjust(w)
                 for i, (c, w) in enumerate(zip(cells, widths))]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (w + 2) if i < left else "-" * (w + 1) + ":"
                          for i, w in enumerate(widths)) + "|"
    return "\n".join([line(head), rule] + [line(row) for row in rows[1:]])


def size_name(size):
    return f"{size >> 20} MiB" if size >> 20 else f"{size >> 10} KiB"
