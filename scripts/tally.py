#!/usr/bin/env python3
"""Counts what a ctest run ran: `tally.py JUNIT.xml` prints "PASSED FAILED".

An entry that says how many cases it holds (Catch2's summary, or the scenario runner's) counts as
that many, any other as one. A failed entry counts at least one failure, whatever it printed.
"""

import re
import sys
import xml.etree.ElementTree

ALL_PASSED = re.compile(r"^All tests passed \(.* in (\d+) test cases?\)", re.MULTILINE)
SOME_FAILED = re.compile(r"^test cases: +(\d+)(?: \| +(\d+) passed)?(?: \| +(\d+) failed)?",
                         re.MULTILINE)
SCENARIOS = re.compile(r"^(\d+) of (\d+) scenarios passed$", re.MULTILINE)


def cases(output):
    """The cases that one entry's output reports, as (passed, failed), or None."""
    if match := ALL_PASSED.search(output):
        return int(match.group(1)), 0
    if match := SOME_FAILED.search(output):
        total, _, failed = (int(number or 0) for number in match.groups())
        return total - failed, failed
    if match := SCENARIOS.search(output):
        return int(match.group(1)), int(match.group(2)) - int(match.group(1))
    return None


def main():
    passed = failed = 0
    for entry in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"):
        good = entry.get("status") == "run"
        counted = cases(entry.findtext("system-out") or "") or ((1, 0) if good else (0, 1))
        passed += counted[0]
        failed += counted[1] if good else max(counted[1], 1)
    print(passed, failed)


if __name__ == "__main__":
    main()
