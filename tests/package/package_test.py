#!/usr/bin/env python3
"""The Debian package: made, unpacked, and used as it would be once installed.

Run as `package_test.py BUILD`. Needs nothing but what scripts/install brings; lintian is asked where
it is there.
"""

import gzip
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FILES = ("usr/bin/backfill", "usr/share/man/man1/backfill.1.gz",
         "usr/share/bash-completion/completions/backfill",
         "usr/share/zsh/vendor-completions/_backfill", "usr/share/doc/backfill/copyright",
         "usr/share/doc/backfill/changelog.gz", "usr/share/doc/backfill/job.schema.json",
         "usr/share/doc/backfill/docs/tutorial.md",
         "usr/share/doc/backfill/examples/jobs/20260301_0900_normalize_user_emails.yaml",
         "usr/share/doc/backfill/examples/alembic/env.py",
         "usr/share/doc/backfill/examples/sql-migrations/V1__add_email_normalized.sql")
LIBRARIES = ("libc6", "libfmt9", "libfyaml0", "libpq5", "libspdlog1.10-fmt9", "libstdc++6")


class Wrong(Exception):
    pass


def run(*command, expect=0, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          encoding="utf-8", check=False, **options)
    if done.returncode != expect:
        raise Wrong(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make(build, out):
    # A build of every day has no debug package to make and no tests to run.
    run("cpack", "-G", "DEB", "-B", out, cwd=build)
    packages = list(out.glob("*.deb"))
    if len(packages) != 1:
        raise Wrong(f"cpack made {packages}")
    return packages[0]


def has_everything(package, tree):
    run("dpkg-deb", "-x", package, tree)
    for name in FILES:
        if not (tree / name).is_file():
            raise Wrong(f"the package lacks {name}")
    for path in (tree / "usr").rglob("*"):
        mode = path.stat().st_mode & 0o777
        wanted = 0o755 if path.is_dir() or path.parent.name == "bin" else 0o644
        if mode != wanted:
            raise Wrong(f"{path.relative_to(tree)} has mode {mode:o}")
    depends = run("dpkg-deb", "-f", package, "Depends")
    for library in LIBRARIES:
        if library not in re.split(r"[ ,|]+", depends):
            raise Wrong(f"the package does not depend on {library}: {depends}")


def runs(tree, work):
    binary = tree / "usr/bin/backfill"
    if not re.fullmatch(r"backfill \d+\.\d+\.\d+\n", run(binary, "--version")):
        raise Wrong("--version says something else")
    examples = sorted((tree / "usr/share/doc/backfill/examples").rglob("*.yaml"))
    if len(examples) < 5:
        raise Wrong(f"only {examples}")
    # A folder of them is a project of its own; two projects may name a job alike.
    for folder in sorted({example.parent for example in examples}):
        run(binary, "lint", *(example for example in examples if example.parent == folder))
    broken = work / "broken.yaml"
    broken.write_text("version: 1\n", encoding="utf-8")
    run(binary, "lint", broken, expect=2)


def is_documented(tree):
    """The manual page has every command and option of the help, as a reader sees it."""
    page = tree / "usr/share/man/man1/backfill.1.gz"
    source = gzip.decompress(page.read_bytes()).decode("utf-8")
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-P-cbou"], input=source,
                              capture_output=True, text=True, check=False, encoding="utf-8")
        warned = [line for line in done.stderr.splitlines() if "font" not in line]
        if done.returncode or warned:
            raise Wrong(f"the manual page: {done.stderr}")
        source = done.stdout
    shown = source.replace("\\-", "-").replace("\u2010", "-").replace("\u2212", "-")
    binary = tree / "usr/bin/backfill"
    for command in commands_of(binary):
        for option in re.findall(r"--[a-z-]+", run(binary, command, "--help")):
            if option not in shown:
                raise Wrong(f"the manual page lacks {option} of {command}")


def commands_of(binary):
    section = run(binary, "--help").split("\ncommands\n", 1)[1].split("\n\n", 1)[0]
    found = re.findall(r"^  ([a-z][a-z-]*) ", section, re.MULTILINE)
    if len(found) < 14:
        raise Wrong(f"only the commands {found}")
    return found


COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_backfill
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completes(tree, work):
    binary = tree / "usr/bin/backfill"
    script = tree / "usr/share/bash-completion/completions/backfill"
    (work / "20260101_0900_a.yaml").write_text("", encoding="utf-8")
    (work / "notes.txt").write_text("", encoding="utf-8")
    (work / "jobs").mkdir()

    def offered(*words):
        out = run("bash", "-c", COMPLETE, "bash", script, binary, *words, cwd=work)
        return {word for word in out.splitlines() if word}

    def demand(words, wanted):
        found = offered(*words)
        if found != set(wanted):
            raise Wrong(f"completion of {words}: {sorted(found)}, not {sorted(wanted)}")

    demand([""], commands_of(binary))
    demand(["hist"], ["history"])
    demand(["--log-format", ""], ["text", "json"])
    demand(["new", ""], ["backfill", "type-copy"])
    demand(["run", "2"], ["20260101_0900_a.yaml"])
    demand(["run", ""], ["20260101_0900_a.yaml", "broken.yaml", "jobs/"])
    demand(["gate", "a", "--w"], ["--wait"])
    for command in commands_of(binary):
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", run(binary, command, "--help")))
        missing = named - {"--help"} - offered(command, "--")
        if missing:
            raise Wrong(f"completion of {command} lacks {missing}")
        if "--database" not in offered(command, "--da"):
            raise Wrong(f"completion of {command} lacks --database")
    if shutil.which("zsh"):
        run("zsh", "-n", tree / "usr/share/zsh/vendor-completions/_backfill")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for name in ("out", "tree", "work"):
            (work / name).mkdir()
        package = make(build, work / "out")
        has_everything(package, work / "tree")
        runs(work / "tree", work / "work")
        is_documented(work / "tree")
        completes(work / "tree", work / "work")
        if shutil.which("lintian"):
            run("lintian", "--allow-root", "--fail-on", "error", package)
        print(f"{package.name}: {package.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
