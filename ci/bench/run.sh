#!/usr/bin/env bash
# Measures ste against what a user would pick instead, on this machine. From any folder; run it again after an
# interruption and it goes on.
#
#   bash ci/bench/run.sh                 compare, savings, growth and ideas, everything (hours on two CPU cores)
#   bash ci/bench/run.sh --quick         the same, small (minutes)
#   bash ci/bench/run.sh compare --help  the options of one part: compare, savings, growth, ideas
#
# Results: JSON and Markdown in ste-bench/ in the current folder (--out FOLDER).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../env.sh"
ste models pull smollm2-135m >&2
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"

case ${1:-} in
compare | savings | growth | ideas)
    part=$1
    shift
    exec python "$here/$part.py" "$@"
    ;;
esac
for part in compare savings growth ideas; do
    python "$here/$part.py" "$@"
done
