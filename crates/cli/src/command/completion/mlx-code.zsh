#compdef mlx-code
# Completion of mlx-code for zsh: `source <(mlx-code completions zsh)`, or this
# text as the file `_mlx-code` in a folder of `fpath`.

_mlx_code() {
    local line value
    local -a found
    for line in "${(@f)$("${(Q)words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -z $line ]] && continue
        value=${line%%$'\t'*}
        found+=("${value//:/\\:}:${line#*$'\t'}")
    done
    if (( $#found )); then
        _describe -V 'mlx-code' found
    else
        _files
    fi
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _mlx_code "$@"
else
    compdef _mlx_code mlx-code
fi
