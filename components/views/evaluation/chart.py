"""The decision chart as SVG: preference against credits a picture, the bubble is the seconds, the efficient frontier a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from components.evaluation.decision import DecisionRow
from components.views.templates import render

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 16, 44
SMALLEST, LARGEST = 5.0, 16.0  # radius of a bubble, in pixels


@dataclass(frozen=True)
class Point:
    """A column on the chart, in pixels; ``low_y`` to ``high_y`` is its interval. ``label_y`` is moved off the others."""

    label: str
    x: float
    y: float
    low_y: float
    high_y: float
    radius: float
    on_frontier: bool
    title: str
    label_y: float


def draw_decision(rows: Sequence[DecisionRow], scores: Mapping[str, Mapping[str, float]]) -> str:
    """The chart of the ranked columns; "" if there are none. Its points are the rows of the table.

    ``scores`` are the means of a team's own scorers by column; they show with the point.
    """
    ranked = [row for row in rows if row.standing]
    if not ranked:
        return ""
    most = max(row.result.price.credits for row in ranked) or 1.0
    top = 1.1 * most
    slowest = max((row.result.seconds or 0.0 for row in ranked), default=0.0) or 1.0
    points = _spread([_point(row, top, slowest, scores.get(row.result.column, {})) for row in ranked])
    frontier = sorted((point for point in points if point.on_frontier), key=lambda point: point.x)
    step = _step(top)
    ticks = [(_x(step * number, top), f"{step * number:g}") for number in range(int(top / step) + 1)]
    return render(
        "evaluation/chart",
        points=points,
        frontier=frontier,
        ticks=ticks,
        levels=[(_y(share / 100), share) for share in (0, 25, 50, 75, 100)],
        size=(WIDTH, HEIGHT),
        edges=(LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM),
    )


def _point(row: DecisionRow, top: float, slowest: float, scores: Mapping[str, float]) -> Point:
    standing, result = row.standing, row.result
    assert standing is not None  # the caller has chosen those that have one
    seconds = result.seconds or 0.0
    radius = SMALLEST + (LARGEST - SMALLEST) * sqrt(seconds / slowest)
    title = (
        f"{result.label}: {100 * standing.preference:.0f} % preferred ({100 * standing.low:.0f}–{100 * standing.high:.0f}), "
        f"{result.price}" + (f", {seconds:.1f} s" if seconds else "")
    ) + "".join(f", {name} {value:.3g}" for name, value in scores.items())
    y = _y(standing.preference)
    x = _x(result.price.credits, top)
    return Point(result.label, x, y, _y(standing.low), _y(standing.high), radius, row.on_frontier, title, y)


def _spread(points: Sequence[Point]) -> list[Point]:
    """The points with labels that do not cover each other: each at least 15 pixels below the last one near it."""
    placed: list[Point] = []
    for point in sorted(points, key=lambda one: one.y):
        label_y = point.y
        for other in placed:
            if abs(other.x - point.x) < 120 and label_y < other.label_y + 15:
                label_y = other.label_y + 15
        placed.append(Point(**{**vars(point), "label_y": label_y}))
    return placed


def _x(credits: float, top: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * credits / top


def _y(share: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def _step(top: float) -> float:
    """A round number that divides the axis into at most eight parts."""
    size = 1.0
    while top / size > 8:
        size *= 2 if str(size)[0] in "15" else 2.5
    return size
