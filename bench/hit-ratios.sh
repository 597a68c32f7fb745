#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Measures hit ratios of policies on a trace, on the host, and plots them; see usage().
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
page=$root/docs/s3fifo.md
plot=$root/docs/s3fifo.svg
sizes=(100 200 400 800 1600)
policies=(writeinval lru s3fifo)
traces=(zipf scan)

usage() {
	cat <<-'END'
	usage: bench/hit-ratios.sh          build, measure, write docs/s3fifo.svg, print the table
	       bench/hit-ratios.sh --check  build, measure, compare the table in docs/s3fifo.md, all of it
	The trace has a fixed seed, so the table is the same each time. The plot needs gnuplot
	(scripts/install-deps.sh bench).
	END
}

# What measures; with sanitizers, as in build/asan, it would take ten times as long.
build() {
	[ -e "$root/build/CMakeCache.txt" ] || cmake -S "$root" -B "$root/build"
	cmake --build "$root/build" --target "${policies[@]/#/hit_ratios_}"
}

# table: rows of a markdown table, "| TRACE | ROWS | USERS ... | ALL ... |".
table() {
	local trace size policy of_all of_users all users
	# shellcheck disable=SC2016 # the inner shell expands them
	for trace in "${traces[@]}"; do
		for size in "${sizes[@]}"; do
			for policy in "${policies[@]}"; do
				printf '%s\0' "$root/build/unit/hit_ratios_$policy" "$size" "$trace" "$work/$policy-$size-$trace"
			done
		done
	done | xargs -0 -n 4 -P "$(nproc)" bash -c '"$0" "$1" "$2" >"$3"'
	for trace in "${traces[@]}"; do
		for size in "${sizes[@]}"; do
			all='' users=''
			for policy in "${policies[@]}"; do
				read -r of_all of_users <"$work/$policy-$size-$trace"
				all+=" $of_all |" users+=" $of_users |"
			done
			printf '| %s | %s |%s%s\n' "$trace" "$size" "$users" "$all"
		done
	done
}

# draw DATA: of users, by the number of rows.
draw() {
	gnuplot <<-END
		set terminal svg size 720,420 font 'sans-serif,14' background rgb 'white'
		set termoption noenhanced
		set output '$plot'
		set datafile separator '|'
		set logscale x 2
		set xtics (100, 200, 400, 800, 1600)
		set xrange [90:1800]
		set yrange [0:100]
		set grid ytics lc rgb '#dddddd'
		set border 3
		set tics nomirror
		set xlabel 'rows of each kind (max_entries), for 3000 files in use of 6000'
		set ylabel 'answered LOOKUPs of the users, %'
		set key bottom right
		plot "< grep zipf $1" using 3:5 with linespoints lw 2 pt 7 lc rgb '#9ecae1' title 'lru, no walks', \\
			"< grep zipf $1" using 3:6 with linespoints lw 2 pt 5 lc rgb '#fdae6b' title 's3fifo, no walks', \\
			"< grep scan $1" using 3:5 with linespoints lw 3 pt 7 lc rgb '#2171b5' title 'lru, with walks', \\
			"< grep scan $1" using 3:6 with linespoints lw 3 pt 5 lc rgb '#d94801' title 's3fifo, with walks'
	END
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case ${1:-} in
--check)
	[ $# -eq 1 ] || { usage >&2; exit 2; }
	build >&2
	# Whole rows, as they stand there. The plot is drawn from the same table.
	diff -u --label "$page" --label measured \
		<(grep -E "^\\| ($(IFS='|' && echo "${traces[*]}")) \\|" "$page") <(table)
	;;
'')
	build >&2
	table >"$work/table"
	cat "$work/table"
	draw "$work/table"
	;;
*)
	usage >&2
	exit 2
	;;
esac
