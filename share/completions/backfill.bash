# shellcheck shell=bash
# Completion of backfill for bash. Commands and options are read from the program's own help, so they
# are always those of the version that is installed. No server is asked.

_backfill_commands() {
  "$1" --help 2>/dev/null | sed -n '/^commands$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# The long options of a command, and those that every command takes.
_backfill_options() {
  { "$1" "$2" --help; "$1" --help | sed -n '/^options/,/^$/p'; } 2>/dev/null |
    grep -oE -e '(^|[ |[])--[a-z][a-z-]+' | sed 's/^[^-]*//' | sort -u
}

_backfill() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
  local before=${COMP_WORDS[COMP_CWORD - 1]} command='' word
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      -*) ;;
      *) if [ "$word" != "$current" ] && _backfill_commands "$program" | grep -qx -e "$word"; then
           command=$word
           break
         fi ;;
    esac
  done
  case $before in
    --log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$current"); return ;;
    --log-level)
      mapfile -t COMPREPLY < <(compgen -W 'debug info warning error' -- "$current"); return ;;
    --output | -o) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --format)
      mapfile -t COMPREPLY < <(compgen -W 'text json github sarif' -- "$current"); return ;;
    --dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    new)
      if [ "$command" = new ] && [[ $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'backfill type-copy' -- "$current")
        return
      fi ;;
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_backfill_options "$program" "$command")" -- "$current")
  elif [ -z "$command" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_backfill_commands "$program")" -- "$current")
  else
    # Job files, and the folders that lead to them.
    mapfile -t COMPREPLY < <({ compgen -f -X '!*.yaml' -- "$current"
                               compgen -f -X '!*.yml' -- "$current"
                               compgen -d -S / -- "$current"; } | sort -u)
  fi
}

complete -o filenames -F _backfill backfill
