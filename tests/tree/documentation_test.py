#!/usr/bin/env python3
"""The pages say what the sources say: every key of a job file, every column of the control schema,
every exit code, no more and no less; and every link between the pages leads somewhere.

Run as `documentation_test.py ROOT`. First checks that planted differences are found.
"""

import pathlib
import re
import sys

# A field of the reader: its path, then a sentence about it.
FIELD = re.compile(r'\{\s*"([a-z_]+(?:\.[a-z_]+)*)",\s*"[A-Z]')
RULE = re.compile(r'Rule\{\s*"([a-z-]+)", (error|warning),\s*Scope::\w+,\s*((?:"[^"]*"\s*)+)\}')
COLUMN = re.compile(r"COMMENT ON COLUMN backfill\.(\w+)\.(\w+) IS")
EXIT_CODE = re.compile(r"^\s*\w+ = (\d+),", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# A line that is a link and a colon, then a block: the block is that file.
QUOTED = re.compile(r"^\[`[^`]+`\]\(([^)]+)\):\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

FIELDS_MIN = 20  # fewer mean that the expression above no longer fits the sources
COLUMNS_MIN = 30
RULES_MIN = 20


def table_rows(text, head):
    """The cells of the rows of the first table whose header begins with `head`."""
    rows = []
    inside = False
    for line in text.splitlines():
        if not inside:
            inside = line.startswith(f"| {head} |")
            continue
        if not line.startswith("|"):
            break
        if not line.startswith("|---"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def compare(page, what, documented, real):
    for item in sorted(set(documented) - set(real)):
        yield f"{page}: {what} {item} is not in the sources"
    for item in sorted(set(real) - set(documented)):
        yield f"{page}: {what} {item} is missing"
    for item in sorted({item for item in documented if documented.count(item) > 1}):
        yield f"{page}: {what} {item} is there twice"


def keys_of(text):
    return [row[0].strip("`") for row in table_rows(text, "key")]


def columns_of(text):
    """What each section `## `table`` documents, as table.column."""
    columns = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name = re.match(r"`(\w+)`", section)
        if name and table_rows(section, "column | type | meaning"):
            columns += [f"{name[1]}.{row[0].strip('`')}"
                        for row in table_rows(section, "column | type | meaning")]
    return columns


def rules_of(source):
    """Each rule of lint as one line of a table."""
    return [f"`{name}`, {severity}, " + "".join(re.findall('"([^"]*)"', words))
            for name, severity, words in RULE.findall(source)]


def slug(heading):
    """The anchor that a heading gets."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(text):
    return {slug(match[1]) for match in re.finditer(r"^#+ (.*)$", text, re.MULTILINE)}


def broken_links(page, text):
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists():
            yield f"{page.name}: the link {target} leads nowhere"
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            yield f"{page.name}: the link {target} names a heading that is not there"


def stale_quotes(page, text):
    for path, block in QUOTED.findall(text):
        file = page.parent / path
        if file.exists() and file.read_text(encoding="utf-8") != block:
            yield f"{page.name}: what it shows of {path} is not what the file says"


def problems_of(root):
    read = {path: (root / path).read_text(encoding="utf-8")
            for path in ("README.md", "docs/job-files.md", "docs/control-schema.md",
                         "docs/operations.md", "include/backfill/exit_code.hpp")}
    schema = "".join(source.read_text(encoding="utf-8")
                     for source in sorted((root / "engine/checkpoint/schema").glob("*.cpp")))
    fields = [path for source in sorted((root / "engine/config").glob("*_fields.cpp"))
              for path in FIELD.findall(source.read_text(encoding="utf-8"))]
    if len(fields) < FIELDS_MIN:
        yield f"only {len(fields)} keys were found in engine/config/*_fields.cpp"
    for page in ("README.md", "docs/job-files.md"):
        yield from compare(page, "key", keys_of(read[page]), fields)
    if table_rows(read["README.md"], "key") != table_rows(read["docs/job-files.md"], "key"):
        yield "README.md and docs/job-files.md do not say the same of some key"

    # A later migration may word a column anew: it is still one column.
    columns = sorted({".".join(found) for found in COLUMN.findall(schema)})
    if len(columns) < COLUMNS_MIN:
        yield f"only {len(columns)} columns were found in the control schema"
    yield from compare("docs/control-schema.md", "column",
                       columns_of(read["docs/control-schema.md"]), columns)

    codes = EXIT_CODE.findall(read["include/backfill/exit_code.hpp"])
    for page, head in (("README.md", "exit code"), ("docs/operations.md", "code")):
        yield from compare(page, "exit code", [row[0] for row in table_rows(read[page], head)],
                           codes)

    rules = rules_of((root / "engine/config/lint/rules.cpp").read_text(encoding="utf-8"))
    if len(rules) < RULES_MIN:
        yield f"only {len(rules)} rules of lint were found in engine/config/lint/rules.cpp"
    documented = table_rows((root / "docs/lint.md").read_text(encoding="utf-8"), "rule")
    yield from compare("docs/lint.md", "rule", [", ".join(row) for row in documented], rules)

    pages = sorted(root.glob("*.md")) + sorted((root / "docs").glob("*.md"))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        yield from broken_links(page, text)
        yield from stale_quotes(page, text)


def self_test():
    page = "| key | default |\n|---|---|\n| `pace.connections` | `4` |\n| `gone` | \\| |\n\nend\n"
    source = '{{"pace.connections", "The most",\n {"new.key",\n "What", words{"fire", "bypass"}'
    found = list(compare("page", "key", keys_of(page), FIELD.findall(source)))
    schema = "## `jobs`\n\n| column | type | meaning |\n|---|---|---|\n| `id` | bigint | It. |\n"
    rules = rules_of('Rule{"a-b", error, Scope::file,\n "one "\n "two"},')
    link = list(broken_links(pathlib.Path(__file__), "[a](#none) [b](no_such_file.md)"))
    quote = list(stale_quotes(pathlib.Path(__file__),
                              "[`a`](include_graph_test.py):\n\n```python\nold\n```\n"))
    return (len(quote) == 1 and found == ["page: key gone is not in the sources", "page: key new.key is missing"]
            and columns_of(schema) == ["jobs.id"] and len(link) == 2
            and rules == ["`a-b`, error, one two"]
            and slug("`set` and `where`") == "set-and-where")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if not self_test():
        print("self-test: the planted differences were not the ones found")
        return 1
    found = list(problems_of(root))
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
