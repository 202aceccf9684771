#!/bin/sh
# SPDX-License-Identifier: ISC
# packages.sh - install those of the named Debian packages that are missing,
# through sudo(8) when not root. Does nothing where all are there.
set -eu

missing=
for p in "$@"; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || :)
	[ "$state" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
	if ! command -v sudo >/dev/null; then
		echo "packages.sh: not root, and no sudo, to install:$missing" >&2
		exit 1
	fi
fi
echo "installing:$missing"
$as_root apt-get -q update
# shellcheck disable=SC2086 # one word a package
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends $missing
