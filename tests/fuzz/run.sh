#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - run fuzz targets, FUZZ_JOBS at a time; the rules in fuzz.mk say how.
#
#	run.sh fuzz|merge|check|coverage FOLDER NAME...
#
# FOLDER holds the programs. Beside each of them libFuzzer keeps NAME.corpus,
# what it found worth keeping, NAME.log, and NAME-crash-... if it failed.
# shellcheck disable=SC2317 # what xargs has us call is reachable
set -eu

mode=$1
folder=$2
shift 2
seeds=tests/fuzz/corpus
time=${FUZZ_TIME:-60}
jobs=${FUZZ_JOBS:-2}
runs=${FUZZ_RUNS:-20000}
largest=4096

# Those for which an input costs more get fewer.
runs_of()
{
	case $1 in
	handshake | conf | batch) echo $((runs / 4)) ;;
	*) echo "$runs" ;;
	esac
}

fuzz_one()
{
	mkdir -p "$folder/$1.corpus" "$seeds/$1"
	"$folder/$1" -max_total_time="$time" -max_len="$largest" -timeout=10 \
	    -rss_limit_mb=1024 -print_final_stats=1 \
	    -artifact_prefix="$folder/$1-" "$folder/$1.corpus" "$seeds/$1" \
	    >"$folder/$1.log" 2>&1 || return 1
}

# A line of the table, out of the last status that libFuzzer printed.
fuzz_report()
{
	awk -v name="$1" '
	/cov: / {
		for (i = 1; i < NF; i++) {
			if ($i == "cov:") cov = $(i + 1)
			if ($i == "corp:") corpus = $(i + 1)
		}
	}
	/^stat::number_of_executed_units/ { runs = $2 }
	/^stat::average_exec_per_sec/ { rate = $2 }
	/^SUMMARY|broken:/ { failed = $0 }
	END {
		printf "%-10s %11s %8s %9s  %-12s %s\n", name, runs, rate,
		    cov, corpus, failed == "" ? "ok" : failed
	}' "$folder/$1.log"
}

# Only inputs that reach new code, not such as run it more often.
merge_one()
{
	mkdir -p "$folder/$1.corpus"
	"$folder/$1" -merge=1 -use_counters=0 -max_len="$largest" \
	    "$seeds/$1" "$folder/$1.corpus" >"$folder/$1.merge.log" 2>&1
	echo "$1: $(find "$seeds/$1" -type f | wc -l) inputs," \
	    "$(cat "$seeds/$1"/* | wc -c) bytes"
}

check_one()
{
	"$folder/$1" -n "$(runs_of "$1")" "$seeds/$1"
}

coverage_one()
{
	found=build/fuzz/fuzz/$1.corpus
	[ -d "$found" ] || found=
	LLVM_PROFILE_FILE=$folder/$1.profraw \
	    "$folder/$1" -n "$runs" "$seeds/$1" ${found:+"$found"}
}

# What the programs reached together, by file.
coverage_table()
{
	programs=
	for name in "$@"; do
		programs="$programs -object $folder/$name"
	done
	# shellcheck disable=SC2086 # names without spaces
	set -- $programs
	llvm-profdata merge -o "$folder/all.profdata" "$folder"/*.profraw
	llvm-cov export -summary-only -instr-profile "$folder/all.profdata" \
	    "$@" | python3 -c '
import json, sys
print("%-32s %6s %8s %7s" % ("file", "lines", "covered", ""))
total = [0, 0]
for f in json.load(sys.stdin)["data"][0]["files"]:
    at = f["filename"].rfind("common/")
    name = f["filename"][at:]
    if at == -1 or name.split("/")[1] not in ("rtmp", "media", "shm", "conf"):
        continue
    n = f["summary"]["lines"]
    if n["count"] == 0:
        continue
    total[0] += n["count"]
    total[1] += n["covered"]
    print("%-32s %6d %8d %6.1f%%" % (name, n["count"], n["covered"],
                                     n["percent"]))
print("%-32s %6d %8d %6.1f%%" % ("all", *total, 100 * total[1] / total[0]))'
}

# xargs calls us back with one name.
case $mode in
*_one)
	$mode "$1"
	exit
	;;
esac

export FUZZ_TIME="$time" FUZZ_JOBS="$jobs" FUZZ_RUNS="$runs"
failed=0
printf '%s\n' "$@" | xargs -P "$jobs" -n 1 "$0" "${mode}_one" "$folder" ||
    failed=1
case $mode in
fuzz)
	printf '%-10s %11s %8s %9s  %-12s %s\n' target executions 'per s' \
	    coverage corpus result
	for name in "$@"; do
		fuzz_report "$name"
	done
	;;
coverage)
	coverage_table "$@"
	;;
esac
exit $failed
