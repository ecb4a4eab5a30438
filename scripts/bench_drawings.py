# SPDX-License-Identifier: GPL-2.0-only
"""SVG drawings of the figures that the programs of tools/bench have counted."""

import math

from bench_figures import size_name

# Distance between lines of text.
LINE = 15


class Drawing:
    """A drawing that text and shapes are added to in order."""

    def __init__(self):
        self.out = []

    def element(self, name, content=None, **attributes):
        names = " ".join(f'{key.replace("_", "-")}="{value}"' for key, value in attributes.items())
        self.out.append(f"<{name} {names}/>" if content is None else f"<{name} {names}>{content}</{name}>")

    def text(self, x, y, text, **attributes):
        self.element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", **attributes)

    def line(self, points, colour, **attributes):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.element("polyline", points=path, fill="none", stroke=colour, **attributes)

    def box(self, x, y, width, height, colour):
        self.element("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{width:.1f}", height=f"{height:.1f}",
                     fill=colour)

    def svg(self, width, height, title):
        head = Drawing()
        head.element("rect", width="100%", height="100%", fill="white")
        head.text(12, 20, title, font_size=14)
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            ' font-family="sans-serif" font-size="11">', *head.out, *self.out, "</svg>"]) + "\n"


class ListPanel:
    """The chart of one situation of the list: instructions over n, both logarithmic."""

    WIDTH, HEIGHT = 330, 250
    LEFT, RIGHT, TOP, BOTTOM = 74, 122, 34, 44
    LOW, HIGH = 2, 7
    COLOURS = {
        "create": "#0b62a4",
        "release (last)": "#c2410c",
        "munmap": "#15803d",
        "munmap of each": "#15803d",
        "find": "#7e22ce",
        "release (not last)": "#a16207",
        "find none": "#be185d",
    }

    def __init__(self, drawing, x, y, title, operations):
        self.drawing = drawing
        self.x0, self.y0 = x + self.LEFT, y + self.TOP
        self.axes(title)
        self.curves(operations)

    def x(self, n):
        return self.x0 + (math.log10(n) - 1) / 4 * self.WIDTH

    def y(self, cost):
        part = (math.log10(max(cost, 10 ** self.LOW)) - self.LOW) / (self.HIGH - self.LOW)
        return self.y0 + self.HEIGHT * (1 - part)

    def axes(self, title):
        right, bottom = self.x0 + self.WIDTH, self.y0 + self.HEIGHT
        small = {"fill": "#555", "font_size": 10}
        self.drawing.text(self.x0, self.y0 - 14, title, font_weight="bold")
        for power in range(self.LOW, self.HIGH + 1):
            y = self.y(10 ** power)
            self.drawing.line([(self.x0, y), (right, y)], "#ddd")
            self.drawing.text(self.x0 - 6, y + 4, f"{10 ** power:,}", text_anchor="end", **small)
        for power in range(1, 6):
            self.drawing.text(self.x(10 ** power), bottom + 16, f"{10 ** power:,}",
                              text_anchor="middle", **small)
        self.drawing.text((self.x0 + right) / 2, bottom + 32, "maps", text_anchor="middle", fill="#555")

    def curves(self, operations):
        ends = []
        for operation, figures in operations.items():
            colour = self.COLOURS.get(operation, "#777")
            points = [(self.x(n), self.y(figures[n]["median"])) for n in sorted(figures)]
            self.drawing.line(points, colour, stroke_width=2,
                              stroke_dasharray="none" if operation in self.COLOURS else "4 3")
            ends.append((points[-1][1], operation, colour))
        self.labels(sorted(ends))

    def labels(self, ends):
        """Label the curves at their ends. Labels are moved so that none overlap."""
        places = []
        for y, _, _ in ends:
            places.append(max(y, places[-1] + LINE - 2) if places else y)
        lowest = self.y0 + self.HEIGHT
        for i in reversed(range(len(places))):
            places[i] = min(places[i], lowest)
            lowest = places[i] - LINE + 2
        for place, (_, operation, colour) in zip(places, ends):
            self.drawing.text(self.x0 + self.WIDTH + 6, place + 4, operation, fill=colour)


def draw_list(situations, kernel):
    """Draw the list. situations: the figures of each operation by n, by title."""
    width = ListPanel.LEFT + ListPanel.WIDTH + ListPanel.RIGHT
    height = ListPanel.TOP + ListPanel.HEIGHT + ListPanel.BOTTOM
    drawing = Drawing()
    for i, (title, operations) in enumerate(situations.items()):
        ListPanel(drawing, i % 2 * width, 24 + i // 2 * height, title, operations)
    return drawing.svg(2 * width, 24 + (len(situations) + 1) // 2 * height,
                       "Guest instructions for one operation, by the number of maps that the"
                       f" descriptor has. {kernel}")


# The widths of the names of bars, of the bars, and of the text behind them.
NAMES, BARS, BEHIND = 160, 420, 110
OURS, THEIRS = "#0b62a4", "#9aa5b1"


def name_bar(drawing, y, name):
    ours = name.startswith("iokmem")
    drawing.text(NAMES - 6, y + LINE - 4, name, text_anchor="end", fill=OURS if ours else "#333",
                 font_weight="bold" if ours else "normal")


def draw_lives(lives, kernel):
    """Draw logarithmic bars. lives: what one life costs, by size, then by kind of memory."""
    drawing = Drawing()
    y = 30
    for size, costs in lives.items():
        low = min(costs.values()) / 2
        scale = BARS / math.log10(max(costs.values()) / low)
        drawing.text(12, y + LINE, size_name(size), font_weight="bold")
        y += LINE + 6
        for name, cost in sorted(costs.items(), key=lambda item: item[1]):
            width = math.log10(cost / low) * scale
            name_bar(drawing, y, name)
            drawing.box(NAMES, y + 2, width, LINE - 4, OURS if name.startswith("iokmem") else THEIRS)
            drawing.text(NAMES + width + 5, y + LINE - 4, f"{cost:,}")
            y += LINE
        y += LINE
    return drawing.svg(NAMES + BARS + BEHIND, y,
                       f"One life, in guest instructions (logarithmic). {kernel}")


STEP_COLOURS = {
    "create": "#0b62a4",
    "map": "#c2410c",
    "touch": "#eab308",
    "unmap": "#15803d",
    "destroy": "#7e22ce",
}


def draw_steps(steps, kernel):
    """Draw bars of steps. steps: what each step of a life costs, by size, then by kind of
    memory. Bars that are longer than three times the shortest are cut off."""
    drawing = Drawing()
    x = NAMES
    for step, colour in STEP_COLOURS.items():
        drawing.box(x, 32, 10, 10, colour)
        drawing.text(x + 14, 41, step)
        x += 80
    y = 46
    for size, kinds in steps.items():
        most = min(3 * min(sum(costs.values()) for costs in kinds.values()),
                   max(sum(costs.values()) for costs in kinds.values()))
        drawing.text(12, y + LINE, size_name(size), font_weight="bold")
        y += LINE + 6
        for name, costs in kinds.items():
            name_bar(drawing, y, name)
            done = 0
            for step, cost in costs.items():
                shown = min(cost, most - done)
                drawing.box(NAMES + done / most * BARS, y + 2, shown / most * BARS, LINE - 4,
                            STEP_COLOURS[step])
                done += shown
            whole = sum(costs.values())
            drawing.text(NAMES + done / most * BARS + 5, y + LINE - 4,
                         ("… " if whole > done else "") + f"{whole:,}")
            y += LINE
        y += LINE
    return drawing.svg(NAMES + BARS + BEHIND, y, f"One life by its steps, in guest instructions. {kernel}")
