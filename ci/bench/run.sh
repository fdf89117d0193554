#!/usr/bin/env bash
# Measures ste against what a user would pick instead, on this machine. From any folder; run it again after an
# interruption and it goes on: runs that are done are kept, as long as work, sources, packages and machine are the same.
#
#   bash ci/bench/run.sh                 compare, savings, growth and ideas, everything (hours on two CPU cores)
#   bash ci/bench/run.sh --quick         the same, small (minutes)
#   bash ci/bench/run.sh compare --help  the options of one part: compare, savings, growth, ideas
#
# All parts: --quick, --out FOLDER; all but growth, which asks no model: --data FILE, --pairs N, --model NAME.
# The pairs are RewardBench's where ../shared/data/rewardbench_v1.jsonl.gz lies beside the repository, else the built-in
# mini benchmark. Results: JSON and Markdown in ste-bench/ in the current folder (--out FOLDER).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
part=
case ${1:-} in
compare | savings | growth | ideas)
    part=$1
    shift
    ;;
*)
    growth=()
    for ((i = 1; i <= $#; i++)); do
        word=${!i}
        next=$((i + 1))
        case $word in
        --quick | --out=*) growth+=("$word") ;;
        --data=* | --pairs=* | --model=*) ;;
        --out | --data | --pairs | --model)
            [ "$next" -le $# ] || { echo "run.sh: $word: a value is missing" >&2; exit 2; }
            [ "$word" != --out ] || growth+=("$word" "${!next}")
            i=$next
            ;;
        *)
            echo "run.sh: $word: not an option of all parts; see the top of run.sh, and run.sh PART --help" >&2
            exit 2
            ;;
        esac
    done
    ;;
esac

source "$here/../env.sh"
ste models pull smollm2-135m >&2
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"
data=()
if [ -e "$STE_ROOT/../shared/data/rewardbench_v1.jsonl.gz" ]; then
    data=(--data "$STE_ROOT/../shared/data/rewardbench_v1.jsonl.gz")
fi

measure() { # NAME OPTION...; a --data among the options comes later, so it counts
    local name=$1
    shift
    if [ "$name" != growth ]; then
        set -- ${data[@]+"${data[@]}"} "$@"
    fi
    python "$here/$name.py" "$@"
}

if [ -n "$part" ]; then
    measure "$part" "$@"
    exit
fi
measure compare "$@"
measure savings "$@"
measure growth ${growth[@]+"${growth[@]}"}
measure ideas "$@"
