"""Reads `llvm-cov export -summary-only` and prints lines and branches of each room."""

import collections
import json
import pathlib
import sys

root = pathlib.Path(sys.argv[1]).resolve()
rooms = collections.defaultdict(lambda: [0, 0, 0, 0])
for file in json.load(sys.stdin)["data"][0]["files"]:
    path = pathlib.Path(file["filename"])
    if not path.is_relative_to(root):
        continue
    parts = path.relative_to(root).parts
    room = "/".join(parts[:2]) if parts[0] == "engine" else parts[0]
    lines, branches = file["summary"]["lines"], file["summary"]["branches"]
    for name in (room, "all"):
        for i, number in enumerate((lines["covered"], lines["count"], branches["covered"],
                                    branches["count"])):
            rooms[name][i] += number


def share(covered, count):
    return f"{100 * covered / count:5.1f} % of {count:6}" if count else "none"


print(f"{'':20} {'lines':>18}   {'branches':>18}")
for name in sorted(rooms, key=lambda name: (name == "all", name)):
    covered, count, taken, branches = rooms[name]
    print(f"{name:20} {share(covered, count):>18}   {share(taken, branches):>18}")
