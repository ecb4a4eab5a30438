# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of iokmem's commands, options and numbers.

_iokmem()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=''

	case $previous in
	iokmem)	words='list maps show top draw leaks limits report create remove' ;;
	show|draw)
		words=$(iokmem list 2>/dev/null | awk 'NR > 1 { print $1 }') ;;
	remove)	words=$(ls /dev/iokmem.d 2>/dev/null) ;;
	limits)	words=$(cd /proc && printf '%s\n' [0-9]*) ;;
	esac
	case $current in
	-*)	words='--json --delay= --count= --help --version' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
}

complete -F _iokmem iokmem
