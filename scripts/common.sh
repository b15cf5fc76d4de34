# Shared by the scripts beside it; sourced, never run. Needs `set -euo pipefail` in the caller.
# shellcheck shell=bash

# shellcheck disable=SC2034  # for the scripts that source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# A heading on stderr; bold where someone is looking.
heading() {
  if [ -t 2 ]; then
    printf '\n\033[1m%s\033[0m\n' "$*" >&2
  else
    printf '\n== %s\n' "$*" >&2
  fi
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    die "this needs root: run it as root or install sudo: $*"
  fi
}

# Runs a command with its output in a file, which is shown only when the command fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    say "failed: $*"
    say "its output is in $log"
    return 1
  fi
}

# Where initdb and postgres are: $BACKFILL_POSTGRES_BINDIR, or Debian's.
postgres_bindir() {
  local candidate
  for candidate in "${BACKFILL_POSTGRES_BINDIR:-}" "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/15/bin; do
    if [ -n "$candidate" ] && [ -x "$candidate/initdb" ]; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  candidate=$(command -v initdb || true)
  [ -n "$candidate" ] || die "no PostgreSQL server binaries found; run scripts/install"
  dirname "$candidate"
}

# Objects are found again from any checkout: paths below the tree count relative to it.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
