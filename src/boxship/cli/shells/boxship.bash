# boxship's completion for bash. What boxship does not know, such as files, bash completes itself.
_boxship() {
    mapfile -t COMPREPLY < <(
        "${COMP_WORDS[0]}" completion bash --breaks "$COMP_WORDBREAKS" --line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null
    )
    # After a host or a place's kind, the word goes on.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:=] ]]; then
        compopt -o nospace
    fi
}
complete -o default -F _boxship boxship
