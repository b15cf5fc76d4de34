"""`new` writes job files from a live table that teach, refuse to run as they are, and run once the
real expression is in; it never replaces a file."""

import pathlib

from harness.scenario import Failure


def new(s, *words, expect=0):
    run = s.backfill("new", *words, "--dir", s.work, expect=expect)
    return pathlib.Path(run.stdout.strip()) if expect == 0 else run


def files(s):
    return sorted(s.work.glob("*.yaml"))


def play(s):
    slugs = new(s, "backfill", "slugs", "--table", "people", "--column", "slug text")
    if files(s) != [slugs]:
        raise Failure(f"new says {slugs}, and there is {files(s)}")
    s.backfill("lint", slugs, expect=2).says("[placeholder]")
    s.backfill("plan", slugs, expect=3).says("replace_me", "does not exist")
    s.backfill("run", slugs, expect=3)
    s.expect("SELECT to_regnamespace('backfill') IS NULL")
    text = slugs.read_text(encoding="utf-8")
    for words in ("about 5,000 rows", "id bigint, name text, score numeric(10,4)"):
        if words not in text:
            raise Failure(f"the starter does not say {words!r}:\n{text}")
    slugs.write_text(text.replace("replace_me(name)", "replace(lower(name), ' ', '-')"),
                     encoding="utf-8")
    s.backfill("lint", slugs)
    s.backfill("run", slugs)
    s.backfill("gate", "slugs")

    nested = s.work / "jobs" / "of today"
    s.backfill("new", "backfill", "nested", "--dir", nested)
    if len(list(nested.glob("*_nested.yaml"))) != 1:
        raise Failure("new does not make the folder that it is to write to")

    new(s, "backfill", "slugs", expect=2).says(slugs.name, "is there already")
    new(s, "backfill", "other", "--table", "peple", expect=3).says("Did you mean people?")
    new(s, "backfill", "other", "--table", "people", "--column", "nmae", expect=2).says(
        "did you mean name?")
    new(s, "backfill", "other", "--table", "people", "--column", "name jsonb", expect=2).says(
        "is there already, as text")
    if files(s) != [slugs]:
        raise Failure(f"a refused command has left a file: {files(s)}")

    score = new(s, "type-copy", "score_type", "--table", "people", "--column",
                "score double precision")
    s.backfill("run", score).says("backfill switch")
    s.backfill("switch", score)
    s.check()
