#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many times longer the best library takes, a bar a case, sorted: an SVG and a PNG from the JSON of convt-bench --peers.

usage: draw.py JSON PICTURE      writes PICTURE.svg and PICTURE.png, whatever ending PICTURE has

A dot a case is the best library with tensors in the problem's own layout, a cross is PyTorch eager. Cases named probe_ are left out.
"""

import json
import math
import pathlib
import sys

UNTUNED = "convt_untuned"  # convt itself, no rival; as in peers.h
EQUAL = 0.97  # from here on nothing is lost; as in comparison.h
WON, LOST = "#2b6ca3", "#c8442c"


def layout_of(problem):
    """The layout of the tensors that a problem's text asks for, where input and output share one."""
    tokens = problem.split("_")
    if "nhwc" in tokens:
        return "last"
    return None if {"nchw2nhwc", "nhwc2nchw"} & set(tokens) else "first"


def ratios(report):
    """(case, ratio to the best, its name, ratio to the best of the same layout or None, ratio to torch or None), worst last."""
    layouts = {name: peer["layout"] for name, peer in report["machine"]["peers"].items()}
    rows = []
    for case in report["cases"]:
        times = {name: us / case["median_us"] for name, us in case["peers"].items() if us and name != UNTUNED}
        if not times or case["name"].startswith("probe_"):
            continue
        best = min(times, key=times.get)
        own = layout_of(case["problem"])
        same = [ratio for name, ratio in times.items() if layouts[name] == own]
        rows.append((case["name"], times[best], best, min(same, default=None), times.get("torch")))
    return sorted(rows, key=lambda row: row[1], reverse=True)


def mean(values):
    values = [value for value in values if value]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def title(report, rows):
    machine = report["machine"]
    lost = sum(row[1] < EQUAL for row in rows)
    return (f"Time of the best library over convt's: {len(rows)} cases, {lost} lost\n"
            f"geometric means: {mean(row[1] for row in rows):.2f} any layout, {mean(row[3] for row in rows):.2f} same layout, "
            f"{mean(row[4] for row in rows):.2f} PyTorch eager\n"
            f"{machine['cpu']} ({machine['host']}), threads: {machine['threads']}, {machine['date']}")


def draw(report, rows, stem):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure, axes = pyplot.subplots(figsize=(10, 1.8 + 0.24 * len(rows)), layout="constrained")
    places = range(len(rows))
    values = [row[1] for row in rows]
    # Bars grow from 1, so that a loss points the other way.
    axes.barh(places, [value - 1 for value in values], left=1, height=0.7,
              color=[WON if value >= EQUAL else LOST for value in values])
    for mark, column, label in (("o", 3, "best in the same layout"), ("x", 4, "PyTorch eager")):
        found = [(row[column], place) for place, row in zip(places, rows) if row[column]]
        axes.plot([x for x, _ in found], [y for _, y in found], mark, color="#444444", markersize=3.5, label=label)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(places, [f"{row[0]}  ({row[2]} {row[1]:.2f})" for row in rows], fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x", linewidth=0.3)
    axes.set_axisbelow(True)
    axes.set_title(title(report, rows), fontsize=9, loc="left")
    figure.legend(loc="outside lower right", ncols=2, fontsize=7)
    figure.savefig(stem.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(stem.with_suffix(".png"), dpi=130)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        report = json.load(file)
    rows = ratios(report)
    if not rows:
        print("no case has a peer's time", file=sys.stderr)
        return 1
    stem = pathlib.Path(arguments[1])
    draw(report, rows, stem.with_suffix("") if stem.suffix in (".svg", ".png") else stem)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
