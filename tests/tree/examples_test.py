#!/usr/bin/env python3
"""The job files that the tree shows as examples have no problem under the tree's own linter: neither
their names and shapes nor, where the history reaches back, an edit after they were committed.

Run as `examples_test.py ROOT BINARY`. First checks that a planted problem is found.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

# A clone for a test may be shallow, and an unpacked archive has no history: that is no problem of
# the files.
NOT_THEIRS = {"shallow-history"}
FOLDERS_MIN = 3


def problems_in(binary, folder):
    done = subprocess.run([binary, "lint", "--format", "json", "."], cwd=folder, check=False,
                          capture_output=True, text=True, encoding="utf-8")
    if done.returncode not in (0, 2):
        return [f"lint ended with {done.returncode}: {done.stderr}"]
    return [f"{found['file']}: {found['message']} [{found['rule']}]"
            for found in json.loads(done.stdout)["problems"] if found["rule"] not in NOT_THEIRS]


def finds_a_planted_problem(binary):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "emails.yaml")
        path.write_text("version: 1\nkind: backfill\ntable: public.users\nset: {e: lower(e)}\n",
                        encoding="utf-8")
        return len(problems_in(binary, folder)) == 1


def main():
    root, binary = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    if not finds_a_planted_problem(binary):
        print("self-test: the planted problem was not the one found")
        return 1
    # A folder is a project of its own: two may name a job alike.
    folders = sorted({path.parent for place in ("jobs/examples", "docs/examples")
                      for path in (root / place).rglob("*.yaml")})
    found = [f"{folder.relative_to(root)}: {problem}"
             for folder in folders for problem in problems_in(binary, folder)]
    if len(folders) < FOLDERS_MIN:
        found.append(f"only {folders} hold job files")
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
