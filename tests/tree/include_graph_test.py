#!/usr/bin/env python3
"""Holds the one direction that includes may take:

    include/backfill -> core -> {jobs, config, pg} -> {catalog, signals, checkpoint} -> run -> cli

What stands left never includes what stands right, peers in braces never include each other, and
each room may name only the libraries that its purpose needs. The pure rooms (core and jobs) also
read no clock and no random device, so that a simulator can replay them.

Run as `include_graph_test.py ROOT`. First plants a violation of every rule in a tree of its own and
demands that each is found; then reads the real tree.
"""

import pathlib
import re
import sys
import tempfile

POSIX = {"arpa", "fcntl.h", "netdb.h", "netinet", "poll.h", "pthread.h", "pwd.h", "signal.h", "spawn.h",
         "sys", "termios.h", "unistd.h"}

# room: (its folder, the rooms it may include, the libraries it may include)
ROOMS = {
    "backfill": ("include/backfill", set(), set()),
    "core": ("engine/core", {"backfill"}, {"fmt"}),
    "jobs": ("jobs", {"backfill", "core"}, {"fmt"}),
    "config": ("engine/config", {"backfill", "core"}, {"fmt", "libfyaml.h"}),
    "pg": ("engine/pg", {"backfill", "core"},
           {"fmt", "boost", "libpq-fe.h", "postgres_ext.h"} | POSIX),
    "catalog": ("engine/catalog", {"backfill", "core", "pg"}, {"fmt", "boost", "nlohmann"}),
    "signals": ("engine/signals", {"backfill", "core", "pg"}, {"fmt", "boost"} | POSIX),
    "checkpoint": ("engine/checkpoint", {"backfill", "core", "pg"},
                   {"fmt", "boost", "nlohmann"} | POSIX),
    "run": ("engine/run",
            {"backfill", "core", "jobs", "config", "pg", "catalog", "signals", "checkpoint"},
            {"fmt", "boost", "nlohmann", "spdlog", "tbb"} | POSIX),
    "cli": ("engine/cli",
            {"backfill", "core", "jobs", "config", "pg", "catalog", "signals", "checkpoint",
             "run"},
            {"fmt", "boost", "nlohmann", "spdlog", "CLI"} | POSIX),
}

# Standard headers that would bring I/O, threads or chance into a pure room.
IMPURE_HEADERS = {"condition_variable", "filesystem", "fstream", "future", "iostream", "mutex",
                  "random", "thread"}
IMPURE_CALLS = re.compile(r"\b(?:system|steady|high_resolution)_clock::now\b|\brandom_device\b|"
                          r"\bgetenv\b|\bstd::(?:cout|cerr)\b")
PURE_ROOMS = {"core", "jobs"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = ("*.cpp", "*.hpp")


def files_of(root, folder):
    base = root / folder
    return sorted(path for pattern in SOURCES for path in base.rglob(pattern))


def check_include(room, kind, target):
    """What is wrong with one include of a room, or None."""
    first = target.split("/")[0]
    _, rooms, libraries = ROOMS[room]
    if kind == '"':
        if "/" not in target:
            return f'"{target}" has no room: write it as "{room}/{target}"'
        if first not in ROOMS:
            return f'"{target}" names no room'
        if first != room and first not in rooms:
            allowed = ", ".join(sorted(rooms)) or "no other room"
            return f'{room} may not include "{target}": it may know {allowed}'
        return None
    if first in ROOMS and "/" in target:
        return f'<{target}> is ours: include it with quotes'
    if "/" not in target and not target.endswith((".h", ".hpp")):
        if room in PURE_ROOMS and target in IMPURE_HEADERS:
            return f"{room} is pure and may not include <{target}>"
        return None
    if first not in libraries:
        return f"{room} may not include <{target}>"
    return None


def violations(root):
    found = []
    for room, (folder, _, _) in ROOMS.items():
        for path in files_of(root, folder):
            name = path.relative_to(root)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                problem = check_include(room, *match.groups()) if match else None
                if not match and room in PURE_ROOMS and IMPURE_CALLS.search(line.split("//")[0]):
                    problem = f"{room} is pure: time and chance are handed in"
                if problem:
                    found.append(f"{name}:{number}: {problem}")
    return found + strangers(root)


def strangers(root):
    """Sources that stand in no room, and tests that would do I/O where none belongs."""
    found = []
    folders = [root / folder for folder, _, _ in ROOMS.values()]
    for top in ("engine", "include", "jobs"):
        for path in files_of(root, top):
            if not any(folder in path.parents for folder in folders):
                found.append(f"{path.relative_to(root)}:1: stands in no room of the house")
    for ring in ("tests/unit", "tests/sim"):
        for path in files_of(root, ring):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if match and match.group(2) == "libpq-fe.h":
                    found.append(f"{path.relative_to(root)}:{number}: {ring} does no I/O")
    return found


# One planted line for every kind of violation; each must be reported at its file.
PLANTS = {
    "include/backfill/a.hpp": '#include "core/engine.hpp"',
    "include/backfill/b.hpp": "#include <fmt/format.h>",
    "engine/core/a.cpp": '#include "pg/connection.hpp"',
    "engine/core/b.cpp": "#include <boost/asio.hpp>",
    "engine/core/c.cpp": "#include <thread>",
    "engine/core/d.cpp": "const auto now = std::chrono::steady_clock::now();",
    "engine/core/e.cpp": "#include <unistd.h>",
    "jobs/a.cpp": '#include "config/read.hpp"',
    "jobs/b.cpp": '  #  include "catalog/table.hpp"',
    "engine/config/a.cpp": "#include <libpq-fe.h>",
    "engine/config/b.cpp": '#include "jobs/backfill.hpp"',
    "engine/pg/a.cpp": '#include "catalog/table.hpp"',
    "engine/pg/b.cpp": "#include <spdlog/spdlog.h>",
    "engine/catalog/a.cpp": '#include "signals/lag.hpp"',
    "engine/catalog/b.cpp": "#include <libpq-fe.h>",
    "engine/signals/a.cpp": '#include "checkpoint/lease.hpp"',
    "engine/checkpoint/a.cpp": '#include "run/run.hpp"',
    "engine/run/a.cpp": '#include "cli/arguments.hpp"',
    "engine/run/b.cpp": "#include <CLI/CLI.hpp>",
    "engine/run/c.cpp": '#include "neighbour.hpp"',
    "engine/cli/a.cpp": "#include <libpq-fe.h>",
    "engine/cli/b.cpp": "#include <core/engine.hpp>",
    "engine/loose.cpp": "",
    "tests/unit/a.cpp": "#include <libpq-fe.h>",
}

CLEAN = {
    "include/backfill/fine.hpp": '#include <vector>\n#include "backfill/key.hpp"',
    "engine/core/fine.cpp": '#include "core/fine.hpp"\n#include <fmt/format.h>\n#include <chrono>',
    "engine/pg/fine.cpp": '#include <libpq-fe.h>\n#include <boost/asio.hpp>\n#include "core/x.hpp"',
    "engine/cli/fine.cpp": '#include "run/run.hpp"\n#include <CLI/CLI.hpp>\n#include <unistd.h>',
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**PLANTS, **CLEAN}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        reported = {line.split(":")[0] for line in violations(root)}
    missed = sorted(set(PLANTS) - reported)
    wrong = sorted(reported - set(PLANTS))
    for name in missed:
        print(f"self-test: the violation planted in {name} was not found: {PLANTS[name]}")
    for name in wrong:
        print(f"self-test: {name} is clean and was reported")
    return not missed and not wrong


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    good = self_test()
    count = sum(len(files_of(root, folder)) for folder, _, _ in ROOMS.values())
    if count == 0:
        print(f"{root} holds no sources")
        good = False
    found = violations(root)
    print("\n".join(found))
    print(f"{count} files, {len(found)} violations, {len(PLANTS)} planted ones found")
    return 0 if good and not found else 1


if __name__ == "__main__":
    sys.exit(main())
