# bash completion of stepbox(1)

_stepbox_policies() { stepbox policy list 2> /dev/null | cut -d ' ' -f 1; }

_stepbox() {
  local options="--size --inodes --volume --isolation --source --source-path --root --home --settings --output --outputs-to --outputs-manifest --label --env --unset-env
    --clear-env --keep-env --redirect-env --warm --warm-save --warm-offer --warm-cache --ro --rw --hide --network --nesting --limit --seccomp --seccomp-log --diff --xattr --require --timeout
    --silence --grace --policy --report --summary --pass-fd --verbose --help"
  local flags=" --clear-env --warm-save --seccomp-log --diff --verbose --help --all --json "
  local volumes="tmp cache home scratch out shm run"
  local limits="memory processes cpu open-files file-size stack address-space locked-memory optional"
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command="" at
  COMPREPLY=()

  # Where the command of the step begins, its own completion takes over.
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    case $word in
      --) at=$((at + 1)); break ;;
      -*) [[ $word == *=* || $flags == *" $word "* ]] || at=$((at + 1)) ;;
      *)
        if [[ -z $command && $at == 1 ]]; then command=$word; else break; fi
        case $command in doctor | policy | caches | sweep | warm) break ;; esac
        ;;
    esac
  done
  case $command in
    warm)
      if [[ $COMP_CWORD == 2 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "list show path save verify prune pack unpack --store --help" -- "$cur")
      elif [[ $previous == --from || $previous == --store || ${COMP_WORDS[2]} == unpack ]] || [[ ${COMP_WORDS[2]} == pack && $COMP_CWORD == 4 ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames
      elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--json --generation --files --from --key --keep --max --all --as --help" -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -W "$(stepbox warm list 2> /dev/null | sed -n 's/^  \([^ ]*\) .*/\1/p' | sort -u)" -- "$cur")
      fi
      return
      ;;
    sweep) mapfile -t COMPREPLY < <(compgen -W "--help" -- "$cur"); return ;;
    policy)
      case ${COMP_WORDS[2]} in
        check) [[ $COMP_CWORD -gt 2 ]] && mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
        show) [[ $COMP_CWORD -gt 2 ]] && mapfile -t COMPREPLY < <(compgen -W "$(_stepbox_policies) $options" -- "$cur") && return ;;
      esac
      [[ $COMP_CWORD == 2 ]] && mapfile -t COMPREPLY < <(compgen -W "list show check schema" -- "$cur")
      return
      ;;
    doctor) mapfile -t COMPREPLY < <(compgen -W "--json --help" -- "$cur"); return ;;
    caches) mapfile -t COMPREPLY < <(compgen -W "$(stepbox caches --all 2> /dev/null | sed -n 's/^  \([^ ]*\) .*/\1/p') --all --json --help" -- "$cur"); return ;;
  esac
  if ((at < COMP_CWORD)) || { ((at == COMP_CWORD)) && [[ ${COMP_WORDS[at - 1]} == -- ]]; }; then
    if declare -F _command_offset > /dev/null; then _command_offset "$at"; else mapfile -t COMPREPLY < <(compgen -f -- "$cur"); fi
    return
  fi

  case $previous in
    --isolation) mapfile -t COMPREPLY < <(compgen -W "full landlock env" -- "$cur") ;;
    --source) mapfile -t COMPREPLY < <(compgen -W "rw ro overlay none" -- "$cur") ;;
    --root) mapfile -t COMPREPLY < <(compgen -W "ro overlay system" -- "$cur") ;;
    --home) mapfile -t COMPREPLY < <(compgen -W "fresh overlay host" -- "$cur") ;;
    --settings) mapfile -t COMPREPLY < <(compgen -W "hide show" -- "$cur") ;;
    --network) mapfile -t COMPREPLY < <(compgen -W "host loopback none" -- "$cur") ;;
    --nesting | --xattr) mapfile -t COMPREPLY < <(compgen -W "allow deny" -- "$cur") ;;
    --seccomp) mapfile -t COMPREPLY < <(compgen -W "default strict off" -- "$cur"; compgen -f -- "$cur") ;;
    --summary) mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur") ;;
    --require) mapfile -t COMPREPLY < <(compgen -W "quota mount-isolation host-files pid-isolation ipc-isolation uid-isolation
      network-isolation abstract-sockets path-sockets no-new-privileges capabilities seccomp kernel-memory nesting-denied" -- "$cur") ;;
    --warm | --warm-offer) mapfile -t COMPREPLY < <(compgen -W "cpp go java node python rust" -- "$cur") ;;
    --policy) mapfile -t COMPREPLY < <(compgen -W "$(_stepbox_policies)" -- "$cur"; compgen -f -- "$cur") ;;
    --volume | --redirect-env)
      [[ $previous == --volume ]] && mapfile -t COMPREPLY < <(compgen -S = -W "$volumes" -- "$cur") && compopt -o nospace
      ;;
    --output)
      if [[ $cur == *,when=* ]]; then mapfile -t COMPREPLY < <(compgen -P "${cur%,when=*},when=" -W "success always" -- "${cur##*,when=}")
      else mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames; fi
      ;;
    --source-path | --ro | --rw | --hide | --report | --outputs-to | --outputs-manifest) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames ;;
    --env | --unset-env | --keep-env) mapfile -t COMPREPLY < <(compgen -e -- "$cur") ;;
    --limit)
      mapfile -t COMPREPLY < <(compgen -S = -W "$limits" -- "$cur") && compopt -o nospace
      ;;
    --size | --inodes | --timeout | --silence | --grace | --pass-fd) ;;
    *)
      [[ $command == explain ]] && options="$options --all --json"
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options --version" -- "$cur")
      elif ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "run shell explain doctor policy caches sweep warm" -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
      fi
      ;;
  esac
}

complete -F _stepbox stepbox
