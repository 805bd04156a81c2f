# Completion of mlx-code for fish: `mlx-code completions fish | source`.

function __mlx_code_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] __complete -- $words[2..] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end

complete -c mlx-code -f -k -a '(__mlx_code_complete)'
