# Completion of parlor for bash: source it, or put it into /usr/share/bash-completion/completions as
# "parlor".
_parlor() {
    local word=${COMP_WORDS[COMP_CWORD]}
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "serve token key room template backup restore migrate admin doctor --help --version" -- "$word")
        return
    fi
    local verbs="" options="--data --server --json --help"
    case ${COMP_WORDS[1]} in
    serve) options=$(parlor serve --help 2>/dev/null | grep -o -- '^ *--[a-z-]*') ;;
    doctor) options="--json $(parlor serve --help 2>/dev/null | grep -o -- '^ *--[a-z-]*')" ;;
    token) verbs="management app" options="$options --room --role --user --hours --curl" ;;
    key) verbs="show list create revoke webhook" ;;
    room) verbs="create list show codes end delete"
        options="$options --name --template --description --size --limit --reason --lock" ;;
    template) verbs="list show apply" options="$options --limit" ;;
    backup | restore) options="$options --config --database --force" ;;
    migrate) options="$options --to" ;;
    admin) verbs="link" options="$options --database --if-none" ;;
    esac
    if [ "$COMP_CWORD" = 2 ] && [ -n "$verbs" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs --help" -- "$word")
    elif [[ "${COMP_WORDS[1]} ${COMP_WORDS[2]}" =~ ^(template apply|(backup|restore) ) ]] && [ "${word#-}" = "$word" ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    fi
}
complete -F _parlor parlor
