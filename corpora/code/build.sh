#!/usr/bin/env bash
#
# build.sh - configure, compile, test and pack the project.
#
#   ./build.sh [-d] [-j N] [target ...]
#
# Targets: deps, compile, test, pack, clean. The default is "compile test".

set -euo pipefail
IFS=$'\n\t'

readonly ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)"
readonly OUT="${OUT_DIR:-$ROOT/out}"
JOBS=$(nproc 2>/dev/null || echo 2)
MODE=release

if [[ -t 1 && -z ${NO_COLOR-} ]]; then
	RED=$'\e[31m' GREEN=$'\033[32m' OFF=$'\x1b[0m'
else
	RED='' GREEN='' OFF=''
fi
TICK=$'\u2714'		# heavy check mark

die()  { printf '%s%s: %s%s\n' "$RED" "${0##*/}" "$*" "$OFF" >&2; exit 1; }
step() { printf '%s==> %s%s\n' "$GREEN" "$1" "$OFF"; }

usage() {
	sed -n '3,8s/^# \{0,1\}//p' "$0"
	exit "${1:-0}"
}

# --------------------------------------------------------------------------
# Targets
# --------------------------------------------------------------------------

do_deps() {
	local tool
	for tool in cc make tar sha256sum; do
		command -v "$tool" >/dev/null || die "missing tool: $tool"
	done
}

do_compile() {
	local IFS=' '		# so that ${flags[*]} joins with blanks
	local -a flags=(-std=c11 -Wall -Wextra)
	case $MODE in
		debug)   flags+=(-O0 -g3 -fsanitize=address,undefined) ;;
		release) flags+=(-O2 -DNDEBUG) ;;
		*)       die "unknown mode '$MODE'" ;;
	esac
	mkdir -p "$OUT"
	make -C "$ROOT/src" -j"$JOBS" CFLAGS="${flags[*]}" DEST="$OUT"
}

do_test() {
	local t failed=0
	for t in "$ROOT"/tests/*.sh; do
		[[ -e $t ]] || continue		# the glob matched nothing
		if bash "$t" "$OUT" >"$OUT/${t##*/}.log" 2>&1; then
			echo "  $TICK ${t##*/}"
		else
			failed=$((failed + 1))
			tail -n 20 "$OUT/${t##*/}.log" | sed 's/^/    | /'
		fi
	done
	(( failed == 0 )) || die "$failed test(s) failed"
}

do_pack() {
	local version archive
	version=$(<"$ROOT/VERSION")
	archive="$OUT/weft-${version//[^0-9A-Za-z.]/_}.tar.gz"
	tar -C "$OUT" --exclude='*.log' -czf "$archive" bin
	( cd "$OUT" && sha256sum "${archive##*/}" > SHA256SUMS )
}

do_clean() { rm -rf -- "${OUT:?}"; }

# ==========================================================================

while getopts ':dhj:' opt; do
	case $opt in
		d) MODE=debug ;;
		j) JOBS=$OPTARG ;;
		h) usage ;;
		*) usage 2 >&2 ;;
	esac
done
shift $((OPTIND - 1))
(( $# )) || set -- compile test

do_deps
for target; do
	declare -F "do_$target" >/dev/null || die "no such target: $target"
	step "$target ($MODE, $JOBS jobs)"
	"do_$target"
done
