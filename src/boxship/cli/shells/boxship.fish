# boxship's completion for fish. Where boxship knows nothing, it is files.
function __boxship_words
    set --local line (commandline --cut-at-cursor --current-process | string collect)
    set --local found (boxship completion fish --line $line 2>/dev/null)
    if set --query found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline --current-token --cut-at-cursor)
    end
end
complete --command boxship --no-files --arguments '(__boxship_words)'
