#!/usr/bin/env python3
"""docs/job.schema.json, as editors use it: every job file of the tree is valid, and what the reader's
tests call wrong is refused, but for what no schema can see. That its keys and ranges are the
reader's own is a unit test's business.

Run as `job_schema_test.py ROOT`.
"""

import ast
import json
import pathlib
import re
import sys

import jsonschema
import yaml

MINIMAL = "version: 1\nkind: backfill\ntable: users\nset:\n  n: a\n"
PROBLEMS = "tests/unit/config/job_problems_test.cpp"
# The tests whose cases are about keys, types, ranges and empty values.
JUDGED = ("unknown_keys_are_reported_with_the_nearest_valid_key",
          "wrong_types_are_reported_at_the_value", "numbers_and_durations_out_of_range_are_reported",
          "wrong_units_are_reported_where_the_unit_is", "empty_values_are_reported")
# What a schema does not see: values that must fit each other, how long a duration is, what SQL
# means, how a number was written, and whether a null was.
UNSEEN = ("slow: 20GB, stop: 10GB", "connections: 4.0", "50_000", "target: 2m", "lock_wait: 0s",
          "where: -- nothing", ".nan, stop: .inf", "fixed_rows:\n", "preserve: [b, B]", "preserve: n\n")
CASES_MIN = 45
CASE = re.compile(r'\{((?:\s*"(?:[^"\\]|\\.)*")+),\s*\{\s*"', re.DOTALL)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
YAML_BLOCK = re.compile(r"```yaml\n(version: 1\n.*?)```", re.DOTALL)


def job_files(root):
    files = [*root.glob("jobs/examples/*.yaml"), *root.glob("docs/examples/**/*.yaml"),
             *root.glob("tests/scenarios/*/*.yaml")]
    for path in sorted(files):
        yield path.relative_to(root), path.read_text(encoding="utf-8")
    for page in sorted([*root.glob("*.md"), *root.glob("docs/*.md")]):
        for block in YAML_BLOCK.findall(page.read_text(encoding="utf-8")):
            yield page.relative_to(root), block


def broken(root):
    """The cases of the reader's tests, as job files."""
    source = (root / PROBLEMS).read_text(encoding="utf-8")
    for name in JUDGED:
        body = source.split(f'TEST_CASE("{name}")', 1)[1].split("\nTEST_CASE", 1)[0]
        for match in CASE.findall(body):
            more = "".join(ast.literal_eval(part) for part in STRING.findall(match))
            yield MINIMAL + more
    yield "name: a\n"
    yield "version: 2\nkind: backfill\ntable: t\nset: {a: b}\n"
    yield "version: 1\nkind: backfil\ntable: t\nset: {a: b}\n"
    for columns in ("{}", "{a: {tipe: int}}", "{a: bigint}"):
        yield f"version: 1\nkind: type-copy\ntable: t\ncolumns: {columns}\n"
    yield "version: 1\nkind: type-copy\ntable: t\ncolumns: {a: {type: int}}\nset: {a: '1'}\n"
    yield "version: 1\nkind: type-copy\ntable: t\ncolumns: {a: {type: int}}\ndrop: soon\n"
    for step in ("{}", "{not_nul: a}", "{not_null: a, name: b}", "{foreign_key: a}",
                 "{foreign_key: a, references: t (a), orphans: keep}", "{unique: []}",
                 "{default: {a: '1', b: '2'}}", "{not_null: a, unique: b}"):
        yield f"{MINIMAL}enforce:\n  - {step}\n"


def problems_of(root):
    schema = json.loads((root / "docs/job.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    count = 0
    for name, text in job_files(root):
        count += 1
        for error in validator.iter_errors(yaml.safe_load(text)):
            yield f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message}"
    if count < 20:
        yield f"only {count} job files were found"
    count = 0
    for text in broken(root):
        count += 1
        seen = not any(word in text for word in UNSEEN)
        if seen and validator.is_valid(yaml.safe_load(text)):
            yield f"the schema takes what the reader refuses:\n{text}"
    if count < CASES_MIN:
        yield f"only {count} broken job files were found in {PROBLEMS}"
    variables = MINIMAL + "pace: {connections: '${N:-4}'}\nthrottle: {lock_wait: '${WAIT}'}\n"
    for error in validator.iter_errors(yaml.safe_load(variables)):
        yield f"a variable is refused: {error.message}"


def main():
    found = list(problems_of(pathlib.Path(sys.argv[1]).resolve()))
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
