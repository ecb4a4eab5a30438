# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# For scripts in the guest: report results as a KTAP document. A script prints
# the version line, calls these, and ends with plan.

number=0
failures=0

# result RC NAME
result()
{
	number=$((number + 1))
	case $1 in
	0)	echo "ok $number $2" ;;
	*)	echo "not ok $number $2"; failures=$((failures + 1)) ;;
	esac
}

# try NAME COMMAND...: a test that passes if the command does.
try()
{
	local name="$1" rc=0
	shift
	"$@" >/tmp/try 2>&1 || rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' /tmp/try
	result $rc "$name"
}

# How long the machine has been up.
seconds()
{
	cut -d. -f1 /proc/uptime
}

# nested NAME COMMAND...: a command that prints a KTAP document of its own.
nested()
{
	local name="$1" rc=0 started
	shift
	started=$(seconds)
	# shellcheck disable=SC3040 # busybox has it
	set -o pipefail
	"$@" 2>&1 | sed 's/^/    /' || rc=$?
	echo "# $(($(seconds) - started)) s"
	# kselftest's code for 'skipped'; the document says which tests.
	[ $rc -ne 4 ] || rc=0
	[ $rc -eq 0 ] || echo "# exit code $rc"
	result $rc "$name"
}

plan()
{
	echo "1..$number"
}
