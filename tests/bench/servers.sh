# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# servers.sh - start and end the servers that run.sh measures: each alone, on a
# free loopback port, in control groups of its own if this user may make them.
# Sets PID, MEMORY_GROUP and CPU_GROUP. Needs WORK, BUILD, RTMPD.

PID=
MEMORY_GROUP=
CPU_GROUP=

# What rtmpd holds by itself for so many subscribers of a stream, in ms: the
# rule of "merge = auto" in rtmpd.conf(5).
auto_hold() {
	awk -v n="$1" -v cpus="$(nproc)" 'BEGIN {
		square = n > 20 ? int((n + 4) * 12 / cpus) : 0
		while (ms < 100 && ms * ms < square)
			ms++
		print ms + 0
	}'
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

# try_group directory file: makes it; fails if the file does not appear there.
try_group() {
	mkdir "$1" 2>/dev/null || return 1
	[ ! -f "$1/$2" ] || return 0
	rmdir "$1"
	return 1
}

# Version 1 has a hierarchy for each controller, version 2 one for all. There
# version 2 counts socket buffers, version 1 does once they have a limit.
make_groups() {
	top=/sys/fs/cgroup
	MEMORY_GROUP=
	CPU_GROUP=
	if try_group "$top/bench.$$" memory.current; then
		MEMORY_GROUP=$top/bench.$$
		CPU_GROUP=$MEMORY_GROUP
		return 0
	fi
	if try_group "$top/memory/bench.$$" memory.usage_in_bytes; then
		MEMORY_GROUP=$top/memory/bench.$$
		echo $((1 << 40)) 2>/dev/null \
		    >"$MEMORY_GROUP/memory.kmem.tcp.limit_in_bytes" || true
	fi
	if try_group "$top/cpuacct/bench.$$" cpuacct.usage; then
		CPU_GROUP=$top/cpuacct/bench.$$
	fi
}

# Ends what is left in the groups, and removes them.
drop_groups() {
	for group in $MEMORY_GROUP $CPU_GROUP; do
		[ -d "$group" ] || continue
		i=0
		while [ -n "$(cat "$group/cgroup.procs")" ] && [ $i -lt 30 ]; do
			sleep 0.1
			i=$((i + 1))
		done
		# shellcheck disable=SC2046 # one word a process
		kill -9 $(cat "$group/cgroup.procs") 2>/dev/null || true
		rmdir "$group" 2>/dev/null || { sleep 0.5; rmdir "$group"; } ||
		    true
	done
	MEMORY_GROUP=
	CPU_GROUP=
}

# spawn logfile command ...: sets PID, in the groups from its first instruction.
spawn() {
	log=$1
	shift
	GROUPS_OF_IT="$MEMORY_GROUP $CPU_GROUP" sh -c '
		for group in $GROUPS_OF_IT; do
			echo $$ >"$group/cgroup.procs"
		done
		unset GROUPS_OF_IT
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

# start_<server> port hold: hold is that of the row, in ms, or auto.
start_rtmpd() {
	mkdir -p "$WORK/rtmpd"
	echo "merge = $([ "$2" = auto ] && echo auto || echo "$2ms")" \
	    >"$WORK/rtmpd.conf"
	spawn "$WORK/rtmpd.log" "$RTMPD" -d -f "$WORK/rtmpd.conf" \
	    -l "127.0.0.1:$1" -r "$WORK/rtmpd"
}

start_nginx() {
	mkdir -p "$WORK/nginx"
	# shellcheck disable=SC3045 # as in run.sh
	files=$(ulimit -n)
	cat >"$WORK/nginx/nginx.conf" <<-EOF
	load_module $(nginx_module);
	daemon off;
	worker_processes 1;
	worker_rlimit_nofile $files;
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

start_floor() {
	spawn "$WORK/floor.log" "$BUILD/bench/floor" "$1"
}

start_merging() {
	spawn "$WORK/merging.log" "$BUILD/bench/floor" -m "$2" "$1"
}

start_forked() {
	spawn "$WORK/forked.log" "$BUILD/bench/floor" -f -m "$2" "$1"
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
	drop_groups
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
	before=$(cat /run/nginx.pid 2>/dev/null || true)
	"$BENCH/../packages.sh" nginx-light libnginx-mod-rtmp \
	    >"$WORK/apt.log" 2>&1 || return 1
	after=$(cat /run/nginx.pid 2>/dev/null || true)
	if [ -n "$after" ] && [ "$after" != "$before" ]; then
		if [ "$(id -u)" = 0 ]; then
			kill "$after" || true
		else
			sudo kill "$after" || true
		fi
	fi
	command -v nginx >/dev/null && nginx_module >/dev/null
}

available() {
	case $1 in
	rtmpd)	[ -x "$RTMPD" ] ;;
	nginx)	install_nginx ;;
	floor | merging | forked) [ -x "$BUILD/bench/floor" ] ;;
	*)	false ;;
	esac
}
