# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # its variables are for others
#
# Common functions of all scripts: messages, the cache, packages, locks.

SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# The source tree under test. It can be overridden to try the scripts on another tree.
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

# step TEXT LOG COMMAND...: run a long command with its output in LOG. Prints a line when it
# starts, and its seconds when it ends. Do not use it after 'if' or before '||', where bash
# would ignore errors inside a shell function.
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

# need_space GIB: exit if the cache has less free space. On a full disk, some program would
# fail later with a message of its own.
need_space()
{
	local free

	mkdir -p "$CACHE"
	free=$(df --output=avail -B1M "$CACHE" | tail -n 1 | tr -dc 0-9)
	[ "$free" -ge $(($1 * 1024)) ] ||
		die "$CACHE has $free MiB left and $1 GiB are needed: make room, or say IOKMEM_CACHE=DIR"
}

# use_kernel SCRIPT NAME: set the variables that stock-kernel or test-kernel prints for that
# kernel. Fails if there is none, even before '||'.
use_kernel()
{
	local env

	KARCH='' KROOT='' KDIR='' KIMAGE='' KRELEASE='' KFILES='' KMAKE=() KBOOT=()
	env=$("$SCRIPTS/$1" "$2") || return
	eval "$env"
}

# build_module OUT [MAKE-ARGUMENT...]: build the modules for the kernel in use. For lint, sparse
# looks at those for one of the kernels, of which there is one build for all.
build_module()
{
	local sparse=()

	[ "$1" != "$BUILD/stock-6.12" ] || ! command -v sparse >/dev/null || sparse=(C=1)
	"$SCRIPTS/build-module" ${KROOT:+--root "$KROOT"} "$KDIR" "$1" "${KMAKE[@]}" \
		"${sparse[@]}" "${@:2}"
}

# build_programs OUT [PROGRAM...]: build programs for the kernel in use.
build_programs()
{
	local arm64=()

	[ "$KARCH" != arm64 ] || arm64=(--arm64)
	"$SCRIPTS/build-user" "${arm64[@]}" "$@"
}

# shared_libraries DIR PROGRAM...: copy the programs' shared libraries to DIR.
shared_libraries()
{
	local dir=$1 library
	shift

	ldd "$@" | grep -o '/[^ :]* (' | sort -u | while read -r library _; do
		mkdir -p "$dir$(dirname "$library")"
		cp -L "$library" "$dir$library"
	done
}

# stock_modules DIR MODULE...: copy modules of Debian's kernel in use, which may be
# compressed.
stock_modules()
{
	local dir=$1 wanted module
	shift

	[ -n "$KFILES" ] || return 0
	for wanted; do
		find "$KFILES" -path "*/kernel/*/$wanted.ko*" | while read -r module; do
			case $module in
			*.xz)	xz -dc "$module" >"$dir/$wanted.ko" ;;
			*.ko)	cp "$module" "$dir/$wanted.ko" ;;
			esac
		done
	done
}

# Print the name of this machine's release of Debian, or exit: only these releases have the
# packages that the scripts need.
host_release()
{
	local ID='' VERSION_CODENAME='' PRETTY_NAME='an unknown system'

	# shellcheck disable=SC1091 # it is the system's
	[ ! -e /etc/os-release ] || . /etc/os-release
	case $ID:$VERSION_CODENAME in
	debian:bookworm|debian:trixie)	echo "$VERSION_CODENAME" ;;
	*)	die "this needs Debian 12 or 13 on amd64, and is run on $PRETTY_NAME" \
			"('make KDIR=...' builds the module anywhere)" ;;
	esac
}

# Bring the package lists up to date: old ones name packages that the mirror has dropped.
# Several scripts of one run may call this.
apt_update()
{
	local stamp=$CACHE/.apt-updated

	[ "$(id -u)" = 0 ] || return 0
	[ -z "$(find "$stamp" -mmin -10 2>/dev/null)" ] || return 0
	# A mirror that is being updated answers with a hash mismatch.
	apt-get update -qq >&2 || { sleep 5 && apt-get update -qq >&2; } ||
		die "apt-get update failed: check the network and /etc/apt/sources.list"
	touch "$stamp"
}

is_installed()
{
	dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

# Print those packages that are not installed. A package with another name in another release
# is given as one|other; the name that apt knows is printed.
missing_packages()
{
	local names name found

	for names; do
		found=''
		for name in ${names//|/ }; do
			! is_installed "$name" || continue 2
			[ -n "$found" ] || ! apt-cache show "$name" >/dev/null 2>&1 || found=$name
		done
		echo "${found:-${names%%|*}}"
	done
}

# need_packages NAME...: install missing packages, or exit. See missing_packages.
need_packages()
{
	local missing

	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	host_release >/dev/null
	# apt knows no names before its first update.
	if [ "$(id -u)" = 0 ]; then
		locked apt apt_update
		mapfile -t missing < <(missing_packages "$@")
	else
		say "These packages are needed. As root: apt-get install ${missing[*]}"
		exit 1
	fi
	say "installing: ${missing[*]}"
	locked apt apt_install "${missing[@]}" ||
		die "could not install, without removing others: ${missing[*]}"
}

# want_packages WHAT-FOR NAME...: install missing optional packages. If that fails, print that
# WHAT-FOR is skipped, and return 1.
want_packages()
{
	local what=$1 missing
	shift

	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" = 0 ] && {
		locked apt apt_update
		mapfile -t missing < <(missing_packages "$@")
		locked apt apt_install "${missing[@]}" >/dev/null 2>&1
	}; then
		return 0
	fi
	say "SKIPPED: $what: cannot install, without removing others: ${missing[*]}"
	return 1
}

# Install packages, but never remove others for them.
apt_install()
{
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-remove \
		--no-install-recommends "$@" </dev/null >/dev/null
}

# Print the packages of the compilers' default versions.
gcc_version()
{
	gcc -dumpversion
}

clang_runtime()
{
	echo "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
}

# Return true if 32-bit programs can be built. The package gcc-multilib would remove cross
# compilers; the one with a version in its name does not.
has_multilib()
{
	want_packages "32-bit programs" "gcc-$(gcc_version)-multilib"
}

# archive RELEASE ARCH COMMAND...: run a command of apt that knows only the packages of that
# release of Debian. It uses this machine's mirror, but neither its sources nor its state.
archive()
{
	local dir=$CACHE/apt-$1-$2

	[ -e "$dir/apt.conf" ] || locked "create-apt-$1-$2" archive_create "$dir" "$1" "$2"
	APT_CONFIG=$dir/apt.conf "${@:3}"
}

archive_create()
{
	local dir=$1 release=$2 arch=$3 main security suite
	local key=/usr/share/keyrings/debian-archive-keyring.gpg

	main=$(mirror_of '^[^ ]+ [a-z]+$')
	security=$(mirror_of '^[^ ]+ [a-z]+-security$')
	mkdir -p "$dir"/{state/lists/partial,cache/archives/partial,sources}
	: >"$dir/status"
	for suite in "$release" "$release-updates" "$release-backports"; do
		echo "deb [signed-by=$key] ${main:-http://deb.debian.org/debian} $suite main"
	done >"$dir/sources/debian.list"
	echo "deb [signed-by=$key] ${security:-http://deb.debian.org/debian-security} $release-security main" \
		>>"$dir/sources/debian.list"
	cat >"$dir/apt.conf.new" <<-END
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Dir::State "$dir/state";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$dir/sources";
	END
	mv "$dir/apt.conf.new" "$dir/apt.conf"
}

# Print the mirror from which this machine gets the suite that matches the pattern.
mirror_of()
{
	# shellcheck disable=SC2016 # apt-get replaces these
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		grep -E "debian.*/ " | grep -m 1 -E "$1" | cut -d' ' -f1 || :
}

# archive_update RELEASE ARCH: update the archive's lists.
archive_update()
{
	local stamp=$CACHE/apt-$1-$2/.updated
	local update=(archive "$1" "$2" apt-get update -qq -o APT::Update::Error-Mode=any)

	[ -z "$(find "$stamp" -mmin -10 2>/dev/null)" ] || return 0
	"${update[@]}" >"$CACHE/apt-$1-$2.log" 2>&1 || {
		sleep 5
		"${update[@]}" >"$CACHE/apt-$1-$2.log" 2>&1
	} || die "Debian's package lists cannot be fetched: is there a network? See $CACHE/apt-$1-$2.log"
	touch "$stamp"
}

# archive_fetch RELEASE ARCH DIR PACKAGE...: fetch packages and unpack them in DIR, without
# installing them.
archive_fetch()
{
	local release=$1 arch=$2 dir=$3 tmp
	shift 3

	tmp=$(mktemp -d)
	(
		cd "$tmp"
		archive "$release" "$arch" apt-get download -q "$@"
	)
	unpack "$dir" "$tmp"/*.deb
	rm -r "$tmp"
}

# unpack DIR DEB...: unpack like dpkg -x, but keep links from /lib to /usr/lib.
unpack()
{
	local dir=$1 deb
	shift

	mkdir -p "$dir"
	for deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --keep-directory-symlink
	done
}

# in_root ROOT COMMAND...: run a command in a root (see root), or here if ROOT is empty, with
# the compiler cache.
in_root()
{
	local root=$1
	shift

	# Where nothing is found, do not run the preprocessor once more: a third of the time.
	export CCACHE_DEPEND=1 CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=1G
	if [ -n "$root" ]; then
		chroot "$root" /usr/bin/env CCACHE_DIR=/ccache PATH=/usr/lib/ccache:/usr/bin "$@"
	else
		CCACHE_DIR=$CACHE/ccache PATH=/usr/lib/ccache:$PATH "$@"
	fi
}

# place_in_root DIR: print the directory name for DIR in a root's /build.
place_in_root()
{
	echo "${1##*/}-$(sha256sum <<<"$1" | cut -c 1-8)"
}

link_to()
{
	[ "$(readlink "$2")" = "$1" ] || { rm -rf "$2" && ln -s "$1" "$2"; }
}

# locked NAME COMMAND...: run a shell function or command while no other run, of any checkout,
# holds the lock.
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

# copy_if_changed FROM TO FILE...: copy files (given relative to FROM). Files that have not
# changed keep their time, so that make has nothing to do. Files of an earlier copy that are
# not listed any more are removed from TO.
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

# Print every file of the module's sources, relative to the tree, one a line.
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

# copy_tree DIR: copy all sources to a new directory, without what was built.
copy_tree()
{
	rm -rf "$1"
	mkdir -p "$1"
	tar -c -C "$TOP" --exclude=./build --exclude=./.git . | tar -x -C "$1"
	make -s -C "$1" clean
}

# A KTAP document of the host: tap_begin FILE, tap RC NAME [LOG], tap_end. Without tap_end the
# document is truncated, which counts as a failure.
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
