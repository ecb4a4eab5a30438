# SPDX-License-Identifier: GPL-2.0-only
"""The targets for what the module may cost. No other file states them.

A target compares a figure with a limit: a number, or what something else has cost in the
run. Figures and limits are functions of all figures, which return None if something was not
counted."""

from bench_figures import table

SIZES = K4, K64, M2, M64 = 4 << 10, 64 << 10, 2 << 20, 64 << 20
NEIGHBOURS = ["memfd", "memfd huge pages", "memfd hugetlb", "udmabuf",
              "dma-buf system heap", "dma-buf CMA heap", "vgem"]
# The numbers of maps in the part "list", its situations, and the operations that are iokmem's.
MANY = [10 ** n for n in range(1, 6)]
SITUATIONS = ["together", "apart", "inside", "nested", "crossing"]
LOOKUP = ["create", "release (last)", "munmap", "munmap of each", "find",
          "release (not last)", "find none", "find none at an address"]

# For how many instructions a lock may be held, in the part "locks", whose operations are locks.
BOUND = 2000000
# Locks of the kernel, which the module holds or is called with; and that of the known loop.
MMAP_LOCK = "&mm->mmap_lock"
OTHER_LOCKS = [MMAP_LOCK, "&mapping->i_mmap_rwsem", "&lru->node[i].lock", "reservation_ww_class_mutex",
               "iokmem_bench_mutex"]
# Where the kernel goes over all VMAs of a process, or of a file, with a lock held; and the module.
KERNEL_WALKS = ["munmap of all VMAs", "exit", "emptying"]
OWN_WALKS = ["counting pages"]


def is_kernel_walk(row):
    return row.split(": ")[1] in KERNEL_WALKS


def is_walk(row):
    return row.split(": ")[1] in KERNEL_WALKS + OWN_WALKS


def cost(part, row, size, operation):
    return lambda figures: figures.get(part, row, size, operation)


def fixed(number):
    return lambda figures: number


def of_some(choose):
    """Choose one of the figures, ignoring those that were not counted."""
    def join(*functions):
        def find(figures):
            found = [f(figures) for f in functions]
            found = [x for x in found if x is not None]
            return choose(found) if found else None
        return find
    return join


def of_all(compute):
    """Compute from all figures, or return None if any was not counted."""
    def join(*functions):
        def find(figures):
            found = [f(figures) for f in functions]
            return None if None in found else compute(found)
        return find
    return join


least = of_some(min)
largest = of_all(max)
largest_there = of_some(max)
ratio = of_all(lambda found: found[0] / found[1])


def times(factor, function):
    return of_all(lambda found: found[0] * factor)(function)


def best(part, size, operation):
    """Return what the operation costs with the best of the neighbours."""
    return least(*(cost(part, row, size, operation) for row in NEIGHBOURS))


def growth(situation, operation):
    """Return the largest cost with any number of maps, divided by the cost with ten."""
    costs = [cost("list", situation, n, operation) for n in MANY]
    return ratio(largest(*costs), costs[0])


def longest_hold(wanted):
    """Return the longest hold of all locks that are wanted, by row and lock."""
    def find(figures):
        return max((row["maximum"] for row in figures.part("locks")
                    if wanted(row["row"], row["operation"])), default=None)
    return find


class Target:
    """A figure must be at most the limit. The neighbour's figure is only shown to compare.
    If the figure is not steady, missing the target is shown, but does not fail a check."""

    def __init__(self, text, figure, limit, neighbour=fixed(None), steady=True):
        self.text = text
        self.figure = figure
        self.limit = limit if callable(limit) else fixed(limit)
        self.neighbour = neighbour
        self.steady = steady

    def met(self, figures):
        """Return whether the target is met, or None if something was not counted."""
        figure, limit = self.figure(figures), self.limit(figures)
        return None if figure is None or limit is None else figure <= limit

    def cells(self, figures):
        def text(number):
            if number is None:
                return "-"
            return f"{number:.2f}" if isinstance(number, float) and number < 100 else f"{number:,.0f}"

        verdict = {None: "not counted", True: "met", False: "MISSED"}[self.met(figures)]
        return [self.text] + [text(f(figures)) for f in (self.figure, self.limit, self.neighbour)] + [verdict]


def target_list():
    """Return all targets, by heading."""
    again = best("life", M64, "map elsewhere")
    vmap = {part: best(part, M64, "map") for part in ("kernel", "blocks-kernel", "broken-kernel")}
    making = "create and destroy"
    return {
        "One life: created, mapped, each page touched, unmapped, destroyed": [
            Target("4 KiB: no more than the best neighbour", cost("life", "iokmem", K4, "life"),
                   best("life", K4, "life"), best("life", K4, "life")),
            Target("64 KiB", cost("life", "iokmem", K64, "life"), 23000, best("life", K64, "life")),
            Target("2 MiB", cost("life", "iokmem", M2, "life"), 316000, best("life", M2, "life")),
            Target("64 MiB", cost("life", "iokmem", M64, "life"), 9630000, best("life", M64, "life")),
        ],
        "Sharing": [
            Target("a second compatible mapping in the same process, made and released, of any size",
                   largest(*(cost("life", "iokmem", size, "untouched map") for size in SIZES)), 2000,
                   least(*(best("life", size, "untouched map") for size in SIZES))),
            Target("64 MiB mapped, touched and unmapped by a second process",
                   cost("life", "iokmem", M64, "map elsewhere"), 150000, again),
            Target("page tables of these 64 MiB, in bytes",
                   cost("memory", "iokmem", M64, "page tables"), 0, best("memory", M64, "page tables")),
            Target("a fork with 64 MiB mapped, by a bare one",
                   ratio(cost("life", "iokmem", M64, "fork"), cost("life", "iokmem", M64, "bare fork")), 1.02,
                   least(*(ratio(cost("life", row, M64, "fork"), cost("life", row, M64, "bare fork"))
                           for row in NEIGHBOURS)), steady=False),
            Target("a pinnable page, mapped, touched and unmapped by a second process",
                   times(1 / (M64 >> 12), cost("life", "iokmem pinnable", M64, "map elsewhere")), 180,
                   times(1 / (M64 >> 12), again)),
        ],
        "Memory that is broken into 64 KiB": [
            Target("a life of 2 MiB: 0.7 of the system heap's", cost("broken-life", "iokmem", M2, "life"),
                   times(0.7, cost("broken-life", "dma-buf system heap", M2, "life")),
                   best("broken-life", M2, "life")),
            Target("64 MiB mapped, touched and unmapped by a second process",
                   cost("broken-life", "iokmem", M64, "map elsewhere"), 4000000,
                   best("broken-life", M64, "map elsewhere")),
        ],
        "The kernel": [
            Target("a mapping of contiguous cached memory, of any size",
                   largest(*(cost("kernel", "iokmem contiguous", size, "map") for size in SIZES)), 500,
                   least(*(best("kernel", size, "map") for size in SIZES))),
            Target("64 MiB in large blocks: no more than the best neighbour's vmap",
                   cost("blocks-kernel", "iokmem", M64, "map"), vmap["blocks-kernel"], vmap["blocks-kernel"]),
            Target("64 MiB in blocks of 64 KiB: the same",
                   cost("broken-kernel", "iokmem", M64, "map"), vmap["broken-kernel"], vmap["broken-kernel"]),
            Target("64 MiB of write-combining memory: the same",
                   cost("kernel", "iokmem write-combine", M64, "map"), vmap["kernel"], vmap["kernel"]),
            Target("a second one, made and released, of any size",
                   largest(*(cost("kernel", row, size, "map again") for size in SIZES
                             for row in ("iokmem", "iokmem contiguous", "iokmem write-combine"))), 150,
                   least(*(best("kernel", size, "map again") for size in SIZES))),
        ],
        "Cache modes: created and destroyed from a warm pool, by cached memory": [
            Target(name, largest(*(ratio(cost("life", f"iokmem {name}", size, making),
                                         cost("life", "iokmem", size, making)) for size in SIZES)), 1.5)
            for name in ("write-combine", "uncached")
        ],
        "A device imports 64 MiB, and lets go of it": [
            Target("contiguous", cost("kernel", "iokmem contiguous", M64, "import"), 2000,
                   best("kernel", M64, "import")),
            Target("in blocks of 2 MiB", cost("blocks-kernel", "iokmem", M64, "import"), 12000,
                   best("blocks-kernel", M64, "import")),
        ],
        "What the kernel keeps": [
            Target("beside an unfragmented buffer of 64 MiB, in bytes",
                   cost("memory", "iokmem", M64, "metadata"), 4096, best("memory", M64, "metadata")),
        ],
        "For how long a lock is held, with up to 1,000,000 objects": [
            Target("a lock of the module's",
                   longest_hold(lambda row, lock: lock not in OTHER_LOCKS and not is_walk(row)),
                   BOUND),
            Target("a lock of the kernel's that the module holds, or is called with",
                   longest_hold(lambda row, lock: lock in OTHER_LOCKS and not is_walk(row) and
                                not row.startswith(("memfd", "a known loop"))), BOUND),
            Target("pageable memory emptied or counted, whose VMAs are all looked at: twice a memfd's",
                   longest_hold(lambda row, lock: row.startswith("pageable mappings") and
                                is_walk(row) and lock != MMAP_LOCK),
                   times(2, longest_hold(lambda row, lock: row == "memfd: emptying")),
                   longest_hold(lambda row, lock: row == "memfd: emptying")),
        ],
        "The list of maps: the most with any number up to 100,000, by what it costs with 10": [
            Target(title, largest_there(*(growth(situation, operation) for situation in SITUATIONS
                                          for operation in operations)), 2)
            for title, operations in (("looking up", ["find", "release (not last)", "find none",
                                                      "find none at an address"]),
                                      ("adding", ["create"]),
                                      ("removing", ["release (last)", "munmap", "munmap of each"]),
                                      ("a read() of the list", ["read of the list"]))
        ],
    }


TARGETS = target_list()


def target_table(figures):
    lines = []
    for heading, targets in TARGETS.items():
        lines.append([f"*{heading}*", "", "", "", ""])
        lines += [target.cells(figures) for target in targets]
    return table(["", "costs", "at most", "best neighbour", ""], lines)


def met_targets(figures):
    """Return whether each steady target is met, by name; None: something was not counted."""
    return {f"{heading}: {target.text}": target.met(figures)
            for heading, targets in TARGETS.items() for target in targets if target.steady}
