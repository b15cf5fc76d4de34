"""`lint` finds dangerous shapes without a server, and a job that was edited after it was committed
or run; its outputs are what other tools read, and the pre-commit framework runs it as a hook."""

import json
import os
import pathlib
import subprocess

from harness.scenario import Failure

JOB = "20260131_0930_slugs.yaml"
GOOD = """version: 1
kind: backfill
table: public.people
set:
  slug: lower(email)
where: slug IS NULL
"""
HOOKS = pathlib.Path(__file__).parents[3] / ".pre-commit-hooks.yaml"


def git(folder, *words):
    done = subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", folder,
                           *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"git {' '.join(words)}: {done.stderr}")
    return done.stdout.strip()


def commit(folder, message):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def repository(s, name):
    folder = s.work / name
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def lint(s, *words, expect=0, url="", **more):
    return s.backfill("lint", *words, expect=expect, url=url, **more)


def rules_of(run):
    return [(problem["rule"], problem["line"]) for problem in json.loads(run.stdout)["problems"]]


def dangerous_shapes_are_found(s):
    bad = s.work / "20260131_0931_bad.yaml"
    bad.write_text("version: 1\nkind: backfill\ntable: public.people\nset:\n  slug: slug || 'x'\n"
                   "enforce:\n  - check: slug <> NULL\n    name: known\n", encoding="utf-8")
    lint(s, bad, expect=2).says(f"{bad}:5:9: error: ", "[not-idempotent]", f"{bad}:7:17: error: ")
    text = lint(s, bad, "--format", "github", expect=2).stdout
    if not text.startswith(f"::error file={bad},line=5,col=9,title=not-idempotent::"):
        raise Failure(f"not a workflow command: {text}")
    sarif = json.loads(lint(s, bad, "--format", "sarif", expect=2).stdout)
    results = sarif["runs"][0]["results"]
    if [result["ruleId"] for result in results] != ["not-idempotent", "compare-with-null"]:
        raise Failure(f"the results are {results}")
    bad.write_text(bad.read_text(encoding="utf-8").replace(
        "|| 'x'", "|| 'x'   # backfill-lint: allow not-idempotent").replace("<> NULL", "<> ''"),
        encoding="utf-8")
    lint(s, bad).says("no problems")


def warnings_fail_when_strict(s):
    undated = s.work / "slugs.yaml"
    undated.write_text(GOOD, encoding="utf-8")
    lint(s, undated).says("warning", "[file-name]")
    lint(s, undated, "--strict", expect=2)
    lint(s, "--rules").says("not-idempotent", "changed-after-run")
    lint(s, s.work / "none.yaml", expect=2).says("cannot be read")
    lint(s, undated, "--format", "xml", expect=2).says("--format is text, json, github, sarif")


def edits_after_the_commit_are_found(s):
    folder = repository(s, "history")
    job = folder / JOB
    job.write_text(GOOD, encoding="utf-8")
    lint(s, job).says("no problems")  # in a repository without a commit
    first = commit(folder, "slugs")
    job.write_text(GOOD + "pace: {connections: 2}\n", encoding="utf-8")
    lint(s, job).says("no problems")
    edited = GOOD.replace("lower", "upper")
    job.write_text(edited, encoding="utf-8")
    run = lint(s, job, expect=2).says(f"{JOB}:5:9: error:", first[:7], "- set.slug: lower(email)",
                                      "[changed-after-commit]")
    run.never_says("file-name")
    commit(folder, "edited")
    lint(s, job, expect=2).says("[changed-after-commit]")
    git(folder, "branch", "before", first + "^{}")
    lint(s, job, "--since", "before", expect=2)
    lint(s, job, "--since", "nonesuch", expect=0).says("history", "nonesuch")
    job.write_text(edited.replace("upper(email)",
                                  "upper(email)  # backfill-lint: allow changed-after-commit"),
                   encoding="utf-8")
    lint(s, job).says("no problems")
    return folder, job


def own_branch_may_change(s):
    folder = repository(s, "branch")
    (folder / "README").write_text("x", encoding="utf-8")
    commit(folder, "base")
    git(folder, "checkout", "-q", "-b", "mine")
    job = folder / JOB
    job.write_text(GOOD, encoding="utf-8")
    commit(folder, "slugs")
    job.write_text(GOOD.replace("lower", "upper"), encoding="utf-8")
    commit(folder, "reviewed")
    lint(s, job, expect=2)
    lint(s, job, "--since", "main").says("no problems")


def a_renamed_job_is_another_job(s):
    folder = repository(s, "renamed")
    (folder / "a b").mkdir()
    job = folder / "a b" / JOB
    job.write_text(GOOD, encoding="utf-8")
    commit(folder, "slugs")
    later = folder / "a b" / "20260201_0930_slügs.yaml"
    git(folder, "mv", str(job), str(later))
    later.write_text(GOOD + "name: slugs\n", encoding="utf-8")
    commit(folder, "renamed")
    if ("renamed-after-commit", 7) not in rules_of(lint(s, later, "--format", "json", expect=2)):
        raise Failure("a renamed job is not found")
    later.write_text(GOOD + f"name: {JOB.removesuffix('.yaml')}\n", encoding="utf-8")
    lint(s, later).says("[file-name]")


def a_copied_job_is_a_new_job(s):
    folder = repository(s, "copied")
    (folder / JOB).write_text(GOOD, encoding="utf-8")
    commit(folder, "slugs")
    copy = folder / "20260202_0930_more_slugs.yaml"
    copy.write_text(GOOD.replace("slug IS NULL", "slug IS NULL AND id > 5"), encoding="utf-8")
    commit(folder, "more slugs")
    lint(s, folder).says(f"{copy}: no problems", f"{folder / JOB}: no problems")
    (folder / ".hidden.yaml").write_text("not: a job", encoding="utf-8")
    lint(s, folder, "--strict")


def a_shallow_clone_is_told_from_an_unchanged_file(s):
    folder = repository(s, "deep")
    job = folder / JOB
    job.write_text(GOOD, encoding="utf-8")
    commit(folder, "slugs")
    job.write_text(GOOD.replace("lower", "upper"), encoding="utf-8")
    commit(folder, "edited")
    git(s.work, "clone", "-q", "--depth", "1", f"file://{folder}", str(s.work / "shallow"))
    lint(s, s.work / "shallow" / JOB).says("[shallow-history]", "fetch-depth")


def edits_after_the_run_are_found(s):
    folder = s.work / "ran"
    folder.mkdir()
    job = folder / JOB
    job.write_text(GOOD, encoding="utf-8")
    lint(s, job, url=s.url).says("no problems")
    s.expect("SELECT to_regnamespace('backfill') IS NULL")
    s.backfill("run", job)
    lint(s, job, url=s.url).says("no problems")
    job.write_text(GOOD.replace("slug IS NULL", "slug IS NULL AND id > 5"), encoding="utf-8")
    lint(s, job).says("no problems")
    lint(s, job, url=s.url, expect=2).says(f"{job}:6:8: error:", "(done)", "[changed-after-run]")
    lint(s, job, url="postgresql://127.0.0.1:1/none?connect_timeout=2", expect=1).says("refused")


def the_framework_runs_the_hook(s):
    """With the real pre-commit, from a repository that offers the hooks as this one does."""
    hooks = repository(s, "hooks")
    (hooks / ".pre-commit-hooks.yaml").write_text(HOOKS.read_text(encoding="utf-8"),
                                                  encoding="utf-8")
    revision = commit(hooks, "hooks")
    project = repository(s, "project")
    (project / "backfills").mkdir()
    job = project / "backfills" / JOB
    job.write_text(GOOD, encoding="utf-8")
    (project / "backfills" / "notes.txt").write_text("not a job", encoding="utf-8")
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n      - id: backfill-lint\n",
        encoding="utf-8")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(s.work / "pre-commit"),
                   "PATH": f"{pathlib.Path(s.binary).parent}:{os.environ['PATH']}"}

    def run_hook(expect, *words):
        git(project, "add", "-A")
        done = subprocess.run(["pre-commit", "run", "--all-files"], cwd=project, env=environment,
                              capture_output=True, text=True, check=False)
        if done.returncode != expect:
            raise Failure(f"pre-commit ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        for word in words:
            if word not in done.stdout:
                raise Failure(f"pre-commit does not say {word!r}:\n{done.stdout}")

    run_hook(0, "Passed")
    commit(project, "slugs")
    job.write_text(GOOD.replace("lower", "upper"), encoding="utf-8")
    run_hook(1, "Failed", f"backfills/{JOB}:5:9: error:", "[changed-after-commit]")


def play(s):
    dangerous_shapes_are_found(s)
    warnings_fail_when_strict(s)
    edits_after_the_commit_are_found(s)
    own_branch_may_change(s)
    a_renamed_job_is_another_job(s)
    a_copied_job_is_a_new_job(s)
    a_shallow_clone_is_told_from_an_unchanged_file(s)
    edits_after_the_run_are_found(s)
    the_framework_runs_the_hook(s)
