#!/bin/sh
# SPDX-License-Identifier: ISC
#
# run.sh - measure rtmpd beside nginx-rtmp and the floor, row by row and by
# turns, each server started anew for each measurement. See README.md for the
# rows and the variables.

set -eu

export LC_ALL=C
CHOICE="${ROWS-}${SERVERS-}${TIME-}${ROUNDS-}${BITS-}${HOLD-}"
BENCH=$(dirname "$0")
BUILD=${BUILD:-build}
ROWS=${ROWS:-1 20 50 200 500 1000 50x8M 100x1 500m350 joins waiting idle}
SERVERS=${SERVERS:-rtmpd nginx floor merging forked}
TIME=${TIME:-10}
ROUNDS=${ROUNDS:-1}
BITS=${BITS:-1M}
RTMPD=${RTMPD:-$BUILD/rtmpd}
LOAD=$BUILD/bench/load

WORK=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
chmod 755 "$WORK"
JSON=$WORK/results.json

# shellcheck source=tests/bench/servers.sh
. "$BENCH/servers.sh"
# shellcheck source=tests/bench/results.sh
. "$BENCH/results.sh"

die() {
	echo "run.sh: $*" >&2
	exit 1
}

# shellcheck disable=SC2317 # called by the trap
cleanup() {
	stop_server
	[ -n "${KEEP:-}" ] || rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ramp subscribers: seconds in which they come, 250 a second.
ramp() {
	echo $((($1 + 249) / 250))
}

# subscribers row: of one stream, at most.
subscribers() {
	case $1 in
	50x8M)	 echo 50 ;;
	100x1)	 echo 1 ;;
	500m350 | waiting) echo 500 ;;
	joins)	 echo 510 ;;
	idle)	 echo 0 ;;
	*)	 echo "$1" ;;
	esac
}

# load_options row
load_options() {
	n=$(subscribers "$1")
	case $1 in
	50x8M)	 echo "-n 50 -b 8M" ;;
	100x1)	 echo "-n 1 -s 100 -b $BITS" ;;
	joins)	 echo "-n 10 -k 500 -b $BITS" ;;
	waiting | idle) echo "-W -n $n -j $(ramp "$n")" ;;
	*)	 echo "-n $n -b $BITS -j $(ramp "$n")" ;;
	esac
}

# hold row server: ms, auto, or - if the server is not for this row.
hold() {
	case $2/$1 in
	rtmpd/500m350 | merging/500m350 | forked/500m350) echo 350 ;;
	*/500m350 | merging/waiting | merging/idle | forked/waiting | \
	forked/idle) echo - ;;
	rtmpd/*) echo auto ;;
	merging/* | forked/*)
		ms=${HOLD:-$(auto_hold "$(subscribers "$1")")}
		[ "$ms" -gt 0 ] && echo "$ms" || echo -
		;;
	*)	 echo 0 ;;
	esac
}

# measure row server round hold
measure() {
	port=$(free_port)
	make_groups
	"start_$2" "$port" "$4"
	if ! await_port "$port"; then
		tail -n 5 "$WORK/$2.log" >&2
		die "$2 does not listen"
	fi
	options="$(load_options "$1") -J -t $TIME -p $PID"
	[ -z "$MEMORY_GROUP" ] || options="$options -g $MEMORY_GROUP"
	[ -z "$CPU_GROUP" ] || options="$options -c $CPU_GROUP"
	# shellcheck disable=SC2086 # one word an option
	json=$("$LOAD" $options "rtmp://127.0.0.1:$port/live/bench") || true
	stop_server
	if [ -z "$json" ]; then
		tail -n 5 "$WORK/$2.log" >&2
		echo "run.sh: $2: no result for row $1" >&2
		bad=1
		return 0
	fi
	printf '{"row":"%s","server":"%s","round":%d,"hold":"%s",%s\n' \
	    "$1" "$2" "$3" "$4" "${json#?}" | tee -a "$JSON" | progress
}

for row in $ROWS; do
	case $row in
	50x8M | 100x1 | 500m350 | joins | waiting | idle) ;;
	*[!0-9]* | 0*) die "no such row: $row" ;;
	esac
done
[ -x "$LOAD" ] || die "$LOAD is missing"
# shellcheck disable=SC3045 # dash and bash have it
ulimit -n "$(ulimit -H -n)"
found=
for server in $SERVERS; do
	if available "$server"; then
		found="$found $server"
	else
		echo "run.sh: $server is not available, left out" >&2
	fi
done
[ -n "$found" ] || die "nothing to measure"

bad=0
progress_head
round=1
while [ "$round" -le "$ROUNDS" ]; do
	for row in $ROWS; do
		for server in $found; do
			ms=$(hold "$row" "$server")
			[ "$ms" = - ] || measure "$row" "$server" "$round" "$ms"
		done
	done
	round=$((round + 1))
done

# a selection does not replace the results of all rows
if [ -n "${RESULTS-}" ] || [ -z "$CHOICE" ]; then
	write_results "${RESULTS:-$BENCH/results}"
fi
[ -z "${KEEP:-}" ] || echo "logs and JSON: $WORK"
exit "$bad"
