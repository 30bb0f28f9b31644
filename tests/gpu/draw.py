#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws modelled.tsv: the share of the roofline that each public case is modelled to reach, over its flops a byte, one panel a device.

usage: draw.py MODELLED.tsv OUT.svg
"""
import math
import sys

COLOURS = {"issue": "#1b6ca8", "multiply": "#2e8b57", "shared": "#c77d0a", "l2": "#8a4fbf", "dram": "#b03a48", "latency": "#6b6b6b",
           "launch": "#b8b8b8"}
WIDTH, HEIGHT, GAP, LEFT, TOP = 230, 210, 20, 46, 46
LOWEST, HIGHEST = 0.5, 512  # flops a byte


def read(path):
    """{device: [(flops a byte, share, limit)]}, devices in the order of the file."""
    panels = {}
    columns = []
    for line in open(path, encoding="utf-8"):
        fields = line.rstrip("\n").split("\t")
        if line.startswith("# name"):
            columns = fields
        if line.startswith("#"):
            continue
        row = dict(zip(columns, fields))
        device = fields[0].rsplit("/", 1)[1]
        panels.setdefault(device, []).append((float(row["flops_a_byte"]), float(row["roofline_share"]), row["limit"]))
    return panels


def panel(index, device, points):
    left = LEFT + index * (WIDTH + GAP)
    across = lambda flops: left + WIDTH * math.log(min(max(flops, LOWEST), HIGHEST) / LOWEST) / math.log(HIGHEST / LOWEST)
    up = lambda share: TOP + HEIGHT * (1 - min(share, 1))
    yield f'<text x="{left + WIDTH / 2}" y="{TOP - 10}" text-anchor="middle" font-weight="bold">{device}</text>'
    for share in (0, 0.25, 0.5, 0.75, 1):
        yield f'<line x1="{left}" x2="{left + WIDTH}" y1="{up(share)}" y2="{up(share)}" stroke="#ddd"/>'
        if index == 0:
            yield f'<text x="{left - 6}" y="{up(share) + 4}" text-anchor="end">{100 * share:.0f} %</text>'
    for flops in (1, 8, 64, 512):
        yield f'<text x="{across(flops)}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{flops}</text>'
    for flops, share, limit in points:
        yield f'<circle cx="{across(flops):.1f}" cy="{up(share):.1f}" r="4" fill="{COLOURS[limit]}" fill-opacity="0.8"/>'


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    panels = read(arguments[0])
    width = LEFT + len(panels) * (WIDTH + GAP)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + HEIGHT + 66}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="{LEFT}" y="16">Modelled share of the roofline over flops a byte; the colour is what limits</text>']
    for index, (device, points) in enumerate(panels.items()):
        lines += panel(index, device, points)
    for index, (limit, colour) in enumerate(COLOURS.items()):
        x, y = LEFT + index * 100, TOP + HEIGHT + 46
        lines.append(f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/><text x="{x + 10}" y="{y + 4}">{limit}</text>')
    with open(arguments[1], "w", encoding="utf-8") as out:
        out.write("\n".join(lines + ["</svg>", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
