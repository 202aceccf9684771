#!/bin/sh
# SPDX-License-Identifier: ISC
#
# run.sh - measure rtmpd, and nginx-rtmp beside it, with the load generator.
# Each server is started anew for each row, alone, on a free loopback port, by
# turns; each is ended by its own pid. See README.md for the variables.

set -eu

BUILD=${BUILD:-build}
SUBSCRIBERS=${SUBSCRIBERS:-1 50 500}
TIME=${TIME:-10}
ROUNDS=${ROUNDS:-1}
BITS=${BITS:-1M}
SERVERS=${SERVERS:-rtmpd nginx}
RTMPD=${RTMPD:-$BUILD/rtmpd}
LOAD=$BUILD/bench/load

WORK=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
chmod 755 "$WORK"
PID=
CGROUP=

die() {
	echo "run.sh: $*" >&2
	exit 1
}

# Ends the server that runs now, and waits until it is gone.
stop_server() {
	[ -n "$PID" ] || return 0
	kill "$PID" 2>/dev/null || true
	i=0
	while kill -0 "$PID" 2>/dev/null && [ $i -lt 50 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	kill -9 "$PID" 2>/dev/null || true
	wait "$PID" 2>/dev/null || true
	PID=
	sleep 0.5
	[ -z "$CGROUP" ] || rmdir "$CGROUP" 2>/dev/null || true
	CGROUP=
}

cleanup() {
	stop_server
	[ -n "${KEEP:-}" ] || rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

nginx_module() {
	for f in /usr/lib/nginx/modules/ngx_rtmp_module.so \
	    /usr/share/nginx/modules/ngx_rtmp_module.so; do
		[ ! -f "$f" ] || { echo "$f"; return 0; }
	done
	return 1
}

# Installs nginx-rtmp; a service that the packages started is ended again.
install_nginx() {
	if command -v nginx >/dev/null && nginx_module >/dev/null; then
		return 0
	fi
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null || return 1
	before=$(cat /run/nginx.pid 2>/dev/null || true)
	as_root apt-get install -y --no-install-recommends \
	    nginx-light libnginx-mod-rtmp >"$WORK/apt.log" 2>&1 || return 1
	after=$(cat /run/nginx.pid 2>/dev/null || true)
	if [ -n "$after" ] && [ "$after" != "$before" ]; then
		as_root kill "$after" || true
	fi
	command -v nginx >/dev/null && nginx_module >/dev/null
}

# Prints a port on which nothing listens. 10000 to 29999 keeps clear of the
# ports that the subscribers' own ends get.
free_port() {
	while :; do
		p=$(od -An -N2 -tu2 /dev/urandom)
		p=$((10000 + p % 20000))
		hex=$(printf ':%04X ' "$p")
		grep -qi "$hex" /proc/net/tcp /proc/net/tcp6 2>/dev/null ||
		    break
	done
	echo "$p"
}

# A memory cgroup of the server's own, where this user may make one.
make_cgroup() {
	for top in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		CGROUP=$top/bench.$$
		if mkdir "$CGROUP" 2>/dev/null; then
			if [ -f "$CGROUP/memory.current" ] ||
			    [ -f "$CGROUP/memory.usage_in_bytes" ]; then
				return 0
			fi
			rmdir "$CGROUP"
		fi
	done
	CGROUP=
}

# spawn logfile command ...: sets PID, and puts it into the cgroup.
spawn() {
	log=$1
	shift
	CGROUP=$CGROUP sh -c '
		[ -z "$CGROUP" ] || echo $$ >"$CGROUP/cgroup.procs"
		exec "$@"' sh "$@" >>"$log" 2>&1 </dev/null &
	PID=$!
}

await_port() {
	hex=$(printf ':%04X 00000000:0000 0A' "$1")
	i=0
	while ! grep -qi "$hex" /proc/net/tcp; do
		kill -0 "$PID" 2>/dev/null || return 1
		[ $i -lt 50 ] || return 1
		sleep 0.1
		i=$((i + 1))
	done
}

start_rtmpd() {
	mkdir -p "$WORK/rtmpd"
	spawn "$WORK/rtmpd.log" "$RTMPD" -d -l "127.0.0.1:$1" -r "$WORK/rtmpd"
}

start_nginx() {
	mkdir -p "$WORK/nginx"
	cat >"$WORK/nginx/nginx.conf" <<-EOF
	load_module $(nginx_module);
	daemon off;
	worker_processes 1;
	worker_rlimit_nofile 20000;
	pid $WORK/nginx/nginx.pid;
	error_log $WORK/nginx.log error;
	events { worker_connections 8192; }
	rtmp {
		access_log off;
		server {
			listen 127.0.0.1:$1;
			application live { live on; }
		}
	}
	EOF
	spawn "$WORK/nginx.log" nginx -p "$WORK/nginx" \
	    -c "$WORK/nginx/nginx.conf"
}

# field name: its value in the line of JSON on standard input, or -.
field() {
	sed -n "s/.*\"$1\":\\([^,}]*\\).*/\\1/p" | grep . || echo -
}

row() {
	printf '%-7s %5s %7s %7s %7s %6s %8s %8s %7s %7s %7s %5s %5s\n' "$@"
}

report() {
	# shellcheck disable=SC2046 # one word per field
	row "$1" "$2" $(for f in cpu_us latency_p50_ms latency_p99_ms s0_ms \
	    first_video_ms first_key_ms pss_growth_kib cgroup_growth_kib \
	    missing corrupted idle_percent; do echo "$3" | field "$f"; done)
}

# measure server subscribers
measure() {
	port=$(free_port)
	make_cgroup
	"start_$1" "$port"
	if ! await_port "$port"; then
		tail -n 5 "$WORK/$1.log" >&2
		die "$1 does not listen"
	fi
	set -- "$1" "$2" -J -n "$2" -b "$BITS" -t "$TIME" -p "$PID"
	[ -z "$CGROUP" ] || set -- "$@" -g "$CGROUP"
	name=$1 count=$2
	shift 2
	json=$("$LOAD" "$@" "rtmp://127.0.0.1:$port/live/bench") ||
	    [ -n "$json" ] || {
		tail -n 5 "$WORK/$name.log" >&2
		die "$name: no result with $count subscribers"
	}
	stop_server
	echo "$json" >>"$WORK/$name.json"
	report "$name" "$count" "$json"
}

available() {
	case $1 in
	rtmpd)	[ -x "$RTMPD" ] ;;
	nginx)	install_nginx ;;
	*)	false ;;
	esac
}

[ -x "$LOAD" ] || die "$LOAD is missing"
found=
for server in $SERVERS; do
	if available "$server"; then
		found="$found $server"
	else
		echo "run.sh: $server is not available, left out" >&2
	fi
done
[ -n "$found" ] || die "nothing to measure"

echo "$BITS bit/s, 73 messages a second, $TIME s; us per delivered message," \
    "ms, KiB per subscriber"
row server subs cpu_us p50 p99 S0 video key pss cgroup missing wrong idle%
round=0
while [ "$round" -lt "$ROUNDS" ]; do
	for count in $SUBSCRIBERS; do
		for server in $found; do
			measure "$server" "$count"
		done
	done
	round=$((round + 1))
done
