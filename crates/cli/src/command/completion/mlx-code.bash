# Completion of mlx-code for bash: `source <(mlx-code completions bash)`.

_mlx_code() {
    local line=${COMP_LINE:0:COMP_POINT} words cur value
    # The shell's own words are cut at colons, which names of models have.
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cur=${words[${#words[@]}-1]}
    COMPREPLY=()
    while IFS= read -r value; do
        COMPREPLY+=("$(printf '%q' "${value%%$'\t'*}")")
    done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
    # What stands before the last colon or equals sign is there already.
    if [[ $cur == *[:=]* && $COMP_WORDBREAKS == *[:=]* ]]; then
        local before=${cur%"${cur##*[:=]}"}
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    fi
}

complete -o default -o nosort -F _mlx_code mlx-code 2>/dev/null || complete -o default -F _mlx_code mlx-code
