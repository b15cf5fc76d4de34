#!/usr/bin/env python3
"""A file holds one concept: over 300 lines it is named here, over 450 the test fails.

Run as `file_length_test.py ROOT`.
"""

import pathlib
import sys
import tempfile

WARN = 300
LIMIT = 450
FOLDERS = ("include", "engine", "jobs", "tests", "bench", "scripts")
SUFFIXES = {".cpp", ".hpp", ".py", ".sh", ".cmake", ""}


def lengths(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES:
                text = path.read_bytes()
                yield path.relative_to(root), text.count(b"\n")


def too_long(root):
    return [(name, lines) for name, lines in lengths(root) if lines > LIMIT]


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "engine").mkdir()
        (root / "engine" / "fits.cpp").write_text("\n" * LIMIT)
        (root / "engine" / "long.cpp").write_text("\n" * (LIMIT + 1))
        return [str(name) for name, _ in too_long(root)] == ["engine/long.cpp"]


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if not self_test():
        print("self-test: the file that was planted too long was not the one found")
        return 1
    for name, lines in lengths(root):
        if WARN < lines <= LIMIT:
            print(f"{name}: {lines} lines; about {WARN} is the aim")
    found = too_long(root)
    for name, lines in found:
        print(f"{name}: {lines} lines; the limit is {LIMIT}: split it by concept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
