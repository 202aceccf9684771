#!/bin/sh
# SPDX-License-Identifier: ISC
# layers.sh - lower floors never include upper ones, and rooms that must not
# know each other do not.
set -eu
cd "$(dirname "$0")/.."
bad=0

# forbid FOLDER PATTERN: no file there may include what the pattern matches.
forbid()
{
	found=$(grep -rnE "^#include \"$2" --include='*.[ch]' "$1" || :)
	[ -n "$found" ] || return 0
	echo "$1 must not include $2:"
	echo "$found"
	bad=1
}

forbid common '(\.\./)*(rtmpd|hub|tools)/'
forbid common/sys '(shm|rtmp|media|conf|tap|view|recording)/'
forbid common/shm '(rtmp|media|conf|tap|view|recording)/'
forbid common/rtmp '(shm|media|conf|sys|tap|view|recording)/'
forbid common/media '(shm|conf|sys|tap|view|recording)/'
forbid common/conf '(rtmp|media|tap|view|recording)/'
forbid common/tap '(rtmp|media|view|recording)/'
forbid common/view '(rtmp|tap|recording)/'
forbid common/recording '(conf|sys|tap|view)/'
forbid hub '(\.\./)*(rtmpd|rtmp|media|tools)/'
forbid rtmpd '(\.\./)*(hub|tools)/'
forbid tools '(\.\./)*(rtmpd|hub)/'
forbid tests/bench '(\.\./)*(rtmpd|hub|rtmp|media|shm|conf|sys)/'

[ "$bad" -eq 0 ] && echo "layers: ok"
exit "$bad"
