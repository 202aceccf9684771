# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# results.sh - what run.sh prints as it goes, and the results it leaves behind:
# table, plots, and what they were made from. Needs JSON, BENCH and RTMPD.

# Before the results are written, which would make the tree a dirty one.
COMMIT=$(git -C "$BENCH" describe --always --dirty 2>/dev/null) ||
    COMMIT=unknown

progress_head() {
	printf '%-8s %-8s %5s %7s %6s %7s %7s %7s %7s %7s %7s %6s %6s %5s\n' \
	    row server hold cpu_us cpu% p50 p99 video key gap KiB \
	    missing skipped idle%
}

# One line for the line of JSON on standard input.
progress() {
	awk -v keys="row server hold cpu_us cpu_percent latency_p50_ms \
	    latency_p99_ms first_video_p99_ms first_key_p99_ms gap_ms \
	    memory_kib missing skipped idle_percent" '{
		gsub(/[{}"]/, "")
		n = split($0, pair, ",")
		for (i = 1; i <= n; i++) {
			at = index(pair[i], ":")
			v[substr(pair[i], 1, at - 1)] = substr(pair[i], at + 1)
		}
		n = split(keys, key, " ")
		split("-8 -8 5 7 6 7 7 7 7 7 7 6 6 5", width, " ")
		for (i = 1; i <= n; i++)
			printf("%" width[i] "s%s",
			    key[i] in v ? v[key[i]] : "-", i < n ? " " : "\n")
	}'
}

# The machine and the programs, for people to judge the figures by.
describe() {
	printf '| | |\n|---|---|\n'
	printf '| date | %s |\n' "$(date -u +%Y-%m-%d)"
	printf '| kernel | %s |\n' "$(uname -srm)"
	printf '| processor | %s, %s cores |\n' "$(sed -n \
	    's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)" "$(nproc)"
	printf '| memory | %s MiB |\n' "$(awk '/^MemTotal/ {
	    printf("%.0f", $2 / 1024) }' /proc/meminfo)"
	printf '| rtmpd | %s, commit %s |\n' "$("$RTMPD" -V | head -n 1)" \
	    "$COMMIT"
	if command -v nginx >/dev/null; then
		printf '| nginx | %s, libnginx-mod-rtmp %s |\n' \
		    "$(nginx -v 2>&1 | sed 's/.*: //')" "$(dpkg-query -W \
		    -f '${Version}' libnginx-mod-rtmp 2>/dev/null || echo -)"
	fi
	printf '| measured | %s s a row, %s rounds, %s bit/s |\n' \
	    "$TIME" "$ROUNDS" "$BITS"
}

# plot directory: results.svg, from results.json there.
plot() {
	if ! command -v gnuplot >/dev/null; then
		"$BENCH/../packages.sh" gnuplot-nox >"$WORK/apt.log" 2>&1 || {
			echo "run.sh: no gnuplot, no plots" >&2
			return 0
		}
	fi
	for figure in cpu_us latency_p99_ms memory_kib; do
		awk -v plot="$figure" -f "$BENCH/table.awk" \
		    "$1/results.json" | sort -n >"$WORK/$figure"
	done
	gnuplot -e "dir='$WORK'; out='$1/results.svg'" "$BENCH/plot.gp" \
	    2>"$WORK/gnuplot.log" ||
	    echo "run.sh: no plots of these rows" >&2
}

# write_results directory
write_results() {
	mkdir -p "$1"
	cp "$JSON" "$1/results.json"
	{
		printf '# Results of make bench\n\n'
		describe
		printf "\nThe rows and figures: [README](../README.md).\n"
		printf '\n![plots](results.svg)\n'
		awk -f "$BENCH/table.awk" "$1/results.json"
	} >"$1/results.md"
	plot "$1"
	echo "results: $1/results.md"
}
