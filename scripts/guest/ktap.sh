# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Report results as a KTAP document, for scripts in the guest. A script prints the version
# line, calls these functions, and ends with plan.

number=0
failures=0

# result RC NAME: report the result of a test.
result()
{
	number=$((number + 1))
	case $1 in
	0)	echo "ok $number $2" ;;
	*)	echo "not ok $number $2"; failures=$((failures + 1)) ;;
	esac
}

# try NAME COMMAND...: report a test that passes if the command succeeds.
try()
{
	local name="$1" rc=0
	shift
	"$@" >/tmp/try 2>&1 || rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' /tmp/try
	result $rc "$name"
}

# Print the seconds since boot.
seconds()
{
	cut -d. -f1 /proc/uptime
}

# nested NAME COMMAND...: run a command that prints a KTAP document of its own.
nested()
{
	local name="$1" rc=0 started
	shift
	started=$(seconds)
	# shellcheck disable=SC3040 # busybox has it
	set -o pipefail
	"$@" 2>&1 | sed 's/^/    /' || rc=$?
	echo "# $(($(seconds) - started)) s"
	# kselftest exits with this code for 'skipped'. The document tells which tests.
	[ $rc -ne 4 ] || rc=0
	[ $rc -eq 0 ] || echo "# exit code $rc"
	result $rc "$name"
}

plan()
{
	echo "1..$number"
}

KMEMLEAK=/sys/kernel/debug/kmemleak

# kmemleak does not report objects younger than five seconds, and its first scan finds only
# candidates. While the module is loaded, backtraces have names.
no_leaks()
{
	sleep 6
	echo scan >"$KMEMLEAK"
	no_new_leaks
}

# Look for leaks after unloading, whose objects are neither young nor new.
no_new_leaks()
{
	echo scan >"$KMEMLEAK"
	cat "$KMEMLEAK"
	[ -z "$(cat "$KMEMLEAK")" ]
}
