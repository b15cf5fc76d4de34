#!/usr/bin/env python3
"""Every header compiles alone, without a warning: whoever includes one needs to know of no other.

Run as `headers_alone_test.py ROOT COMPILER`. First demands that a header which leans on another
one's includes is found; then compiles the real ones, as many at a time as there are cores.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
         "-Wconversion", "-Werror", "-DBOOST_ASIO_NO_DEPRECATED"]


def system_folders():
    """Where libpq's headers are; the other libraries live in the compiler's own path."""
    answer = subprocess.run(["pg_config", "--includedir"], capture_output=True, text=True,
                            check=True)
    return ["-isystem", answer.stdout.strip()]


def compile_alone(compiler, header, folders):
    command = [compiler, *FLAGS, *folders, "-x", "c++", "-include", str(header), "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return header, done.returncode == 0, done.stderr


def self_test(compiler):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        whole = root / "whole.hpp"
        whole.write_text("#pragma once\n#include <string>\nstd::string name();\n")
        leaning = root / "leaning.hpp"
        leaning.write_text("#pragma once\nstd::string name();\n")
        warned = root / "warned.hpp"
        warned.write_text("#pragma once\ninline int narrow(long value) { return value; }\n")
        verdicts = [compile_alone(compiler, header, [])[1] for header in (whole, leaning, warned)]
    if verdicts != [True, False, False]:
        print(f"self-test: expected [True, False, False], got {verdicts}")
        return False
    return True


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    compiler = sys.argv[2]
    if not self_test(compiler):
        return 1
    headers = sorted(path for top in ("include", "engine", "jobs")
                     for path in (root / top).rglob("*.hpp"))
    folders = [f"-I{root / 'include'}", f"-I{root / 'engine'}", f"-I{root}", *system_folders()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(compile_alone, compiler, header, folders) for header in headers]
        for job in jobs:
            header, good, output = job.result()
            if not good:
                failed += 1
                print(f"{header.relative_to(root)} does not compile alone:\n{output}")
    print(f"{len(headers)} headers, {failed} that do not compile alone")
    return 0 if headers and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
