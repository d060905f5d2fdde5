#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# completion.sh NOTIFYCAT: check the completion of notifycat in bash, and in zsh and fish if they
# are installed, and its manual page, against its --help.

set -euo pipefail

program=$(realpath "${1:?usage: completion.sh NOTIFYCAT}")
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tools" && pwd)
failed=0
PATH=$(dirname "$program"):$PATH

report() {
	echo "$*"
	failed=1
}

# shellcheck source=tools/notifycat.bash
. "$tools/notifycat.bash"

# shellcheck disable=SC2317 # called by completes()
# offers_SHELL COMMANDLINE: print the words that may complete the last word, which may be empty.
offers_bash() {
	read -ra COMP_WORDS <<<"$1"
	[[ $1 != *' ' ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_notifycat
	[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
}

# Replace the functions of zsh that show words.
# shellcheck disable=SC2317
offers_zsh() {
	# shellcheck disable=SC2016 # zsh expands it
	zsh -fc '
		_describe() { print -rl -- "${(@)${(P)3}%%:*}" }
		_files() { }
		words=("${(@s: :)1}")
		CURRENT=$#words
		. "$2"' zsh "$1" "$tools/notifycat.zsh"
}

# fish completes files where there are no words.
# shellcheck disable=SC2317
offers_fish() {
	# shellcheck disable=SC2016 # fish expands it
	fish --no-config -c '
		source $argv[2]
		function __fish_complete_path; end
		complete -C $argv[1]' "$1" "$tools/notifycat.fish" | cut -f 1
}

# completes COMMANDLINE WORD...: check that the last word is completed to one of WORD, in any order.
completes() {
	local typed=$1 offered expected
	shift

	expected=$(printf '%s\n' "$@" | sort)
	offered=$("offers_$shell" "notifycat $typed" | sort) ||
		report "$shell: notifycat $typed: failed"
	[ "$offered" = "$expected" ] ||
		report "$shell: notifycat $typed: offers ${offered//$'\n'/ }, expected $*"
}

# options COMMAND: print the options in the help of a command.
options() {
	notifycat "$1" --help | sed -nE 's/^  (-.,|   ) (--[a-z-]+).*/\2/p'
}

# Print the section of a command in the manual page.
section() {
	sed -n "/^\.Ss $1$/,/^\.S[hs] /p" "$tools/notifycat.1"
}

check_page() {
	local known described

	# These are described once.
	known=$(options "$1" | grep -vxe --help -e --version | sort)
	described=$(section "$1" | sed -n 's/^\.It //p' | grep -oE 'Fl -[a-z-]+' |
			sed 's/^Fl /-/' | sort -u)
	[ "$known" = "$described" ] ||
		report "notifycat.1: section $1 does not match --help:" \
			"$(diff <(echo "$known") <(echo "$described") | grep '^[<>]')"
}

check_shell() {
	local command

	for command in read list attach detach stats top; do
		mapfile -t known < <(options "$command")
		completes "$command --" "${known[@]}"
		completes "$command ${known[0]}" "${known[0]}"
	done
	mapfile -t known < <(options read)
	completes "--" "${known[@]}"
	completes "det" detach
	completes "-f v" vcd
	completes "--format r" raw record
	completes "--timescale " ns us ms
	completes "list -f " text json
	completes "read -e ris" rising
	completes "attach --edge f" falling
	completes "attach --clock " monotonic boottime realtime
	completes "-n "
	completes "list "
}

for command in read list attach detach stats top; do
	check_page "$command"
done
checked=
for shell in bash zsh fish; do
	[ -x "$(command -v $shell)" ] || continue
	check_shell
	checked="$checked $shell"
done
[ $failed = 0 ] && echo "completion of notifycat: ok in$checked"
exit $failed
