# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# results.sh - what run.sh prints as it goes, and the results it leaves behind:
# table, plots, and what they were made from. Needs JSON, BENCH and RTMPD.

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

# write_results directory
write_results() {
	mkdir -p "$1"
	cp "$JSON" "$1/results.json"
}
