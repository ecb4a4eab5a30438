# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # its variables are for others
#
# What every script here shares: messages, the cache, packages, locks.

SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# The source tree under test. Overridable, so that the scripts can be tried on
# another tree.
TOP=${IOKMEM_TOP:-$(dirname "$SCRIPTS")}
BUILD=${IOKMEM_BUILD:-$TOP/build}
CACHE=${IOKMEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iokmem}
JOBS=$(nproc)

# Directories of the tree that the kernel's build reads.
MODULE_SOURCES=(Kbuild Kconfig kmod include kunit samples)

# Messages go to stderr: stdout is for results.
say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# step TEXT LOG COMMAND...: run a long command with its output in LOG, with one
# line when it starts and its seconds when it ends. Not for use after 'if' or
# before '||', where bash would ignore errors inside a shell function.
step()
{
	local text=$1 log=$2 start=$SECONDS rc
	shift 2

	say "$text ..."
	mkdir -p "$(dirname "$log")"
	set +e
	(set -e; "$@") >"$log" 2>&1
	rc=$?
	set -e
	if [ $rc -ne 0 ]; then
		say "$text: FAILED after $((SECONDS - start)) s; the end of $log:"
		tail -n 25 "$log" >&2
		return $rc
	fi
	say "$text: done, $((SECONDS - start)) s"
}

# Bring the package lists up to date: old ones name packages that the mirror
# does not have any more. Several scripts of one run may ask for it.
apt_update()
{
	local stamp=$CACHE/.apt-updated

	[ "$(id -u)" = 0 ] || return 0
	[ -z "$(find "$stamp" -mmin -10 2>/dev/null)" ] || return 0
	# A mirror in the middle of its own update answers with a hash mismatch.
	apt-get update -qq >&2 || { sleep 5 && apt-get update -qq >&2; } ||
		die "apt-get update failed: check the network and /etc/apt/sources.list"
	touch "$stamp"
}

need_packages()
{
	local package missing=()

	for package; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
			grep -qx installed || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		say "sudo apt-get install -y ${missing[*]}"
		exit 1
	fi
	say "installing: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	locked apt apt_install "${missing[@]}" 2>/dev/null || {
		locked apt apt_update
		locked apt apt_install "${missing[@]}"
	} || die "could not install: ${missing[*]}"
}

apt_install()
{
	apt-get install -qq -y --no-install-recommends "$@" </dev/null >/dev/null
}

# locked NAME COMMAND...: run a shell function or command while no other run,
# of whatever checkout, holds the lock.
locked()
{
	local name=$1
	shift
	mkdir -p "$CACHE"
	(
		flock -n 9 || { say "waiting for another run to finish $name"; flock 9; }
		"$@"
	) 9>"$CACHE/.lock-$name"
}

# copy_if_changed FROM TO FILE...: copy files (given relative to FROM), leaving
# the time of those that are the same alone so that make has nothing to do, and
# remove from TO what an earlier copy brought and is not wanted any more.
copy_if_changed()
{
	local from=$1 to=$2 file old="$2/.copied"
	shift 2

	mkdir -p "$to"
	if [ -e "$old" ]; then
		printf '%s\n' "$@" | sort | comm -13 - "$old" | while read -r file; do
			rm -f "${to:?}/$file"
		done
	fi
	for file; do
		cmp -s "$from/$file" "$to/$file" || {
			mkdir -p "$to/$(dirname "$file")"
			cp "$from/$file" "$to/$file"
		}
	done
	printf '%s\n' "$@" | sort >"$old"
}

# Every file of the module's sources, relative to the tree, one a line.
module_files()
{
	local dir dirs=()

	for dir in "${MODULE_SOURCES[@]}"; do
		[ ! -e "$TOP/$dir" ] || dirs+=("$dir")
	done
	[ ${#dirs[@]} -gt 0 ] || die "no module sources in $TOP"
	(cd "$TOP" && find "${dirs[@]}" -type f \( -name '*.[chS]' -o -name '*.rst' \
		-o -name 'K*' -o -name Makefile -o -name .kunitconfig \))
}

# A KTAP document on the host: tap_begin FILE, tap RC NAME [LOG], tap_end. With
# no tap_end the document is truncated, which counts as a failure.
tap_begin()
{
	TAP_FILE=$1 TAP_NUMBER=0
	mkdir -p "$(dirname "$1")"
	echo "TAP version 13" >"$1"
}

tap()
{
	local not=''

	TAP_NUMBER=$((TAP_NUMBER + 1))
	if [ "$1" -ne 0 ]; then
		not='not '
		[ -z "${3-}" ] || sed 's/^/# /' <(tail -n 40 "$3") >>"$TAP_FILE"
	fi
	echo "${not}ok $TAP_NUMBER $2" >>"$TAP_FILE"
}

tap_end()
{
	echo "1..$TAP_NUMBER" >>"$TAP_FILE"
}
