#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [TEST...]: runs the litmus tests of this directory and their variants, or those named,
# with herd7 and the kernel's memory model. Fails unless each result is the one in the comment.
# LIMIT: seconds for each test.
#
# A variant lacks one barrier. It is described in the comment, "without NAME: Result", and made
# from the lines that end with a tag:
#
#	/* without NAME */		the variant does not have the line
#	/* without NAME: CODE */	the variant has CODE instead

# shellcheck source=testing/common.sh
. "$(dirname "$0")/../common.sh"

DIR=$TESTING/litmus
LIMIT=${LIMIT:-300}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# names: prints the names of all tests, variants as TEST-without-NAME.
names() {
	local file name

	for file in "$DIR"/*.litmus; do
		name=$(basename "$file" .litmus)
		echo "$name"
		sed -n "s/^ \* without \([^:]*\): .*/$name-without-\1/p" "$file"
	done
}

# write FILE VARIANT: prints the test, or its variant, without tags.
write() {
	awk -v variant="$2" '
	NR == 1 && variant { print $0 "-without-" variant; next }
	{
		parts = split($0, part, / \/\* without /)
		line = part[1]
		for (i = 2; i <= parts; i++) {
			tag = part[i]
			sub(/ \*\/$/, "", tag)
			colon = index(tag, ": ")
			names = colon ? substr(tag, 1, colon - 1) : tag
			if (!variant || !index(", " names ", ", ", " variant ", "))
				continue
			if (!colon)
				next
			match($0, /^[ \t]*/)
			line = substr($0, 1, RLENGTH) substr(tag, colon + 2)
		}
		print line
	}' "$1"
}

# expected FILE VARIANT: prints "Never", "Sometimes" or "Sometimes, data race".
expected() {
	sed -n "s/^ \* ${2:+without }${2:-Result}: //p" "$1"
}

# found FILE: prints the result of herd7, or its error.
found() {
	local name output result race=

	name=$(basename "$1" .litmus)
	if ! output=$(cd "$MODEL" &&
		      timeout "$LIMIT" "$HERD" -conf linux-kernel.cfg "$1" 2>&1); then
		echo "herd7 failed or took more than $LIMIT s: $output"
		return
	fi
	result=$(sed -nE "s/^Observation $name (Always|Sometimes|Never) .*/\1/p" <<<"$output")
	if grep -q '^Flag data-race' <<<"$output"; then
		race=", data race"
	fi
	echo "${result:-no result: $output}$race"
}

readarray -t all < <(names)
tests=("${all[@]}")
[ $# = 0 ] || tests=("$@")
for name in "${tests[@]}"; do
	printf '%s\n' "${all[@]}" | grep -cxF -- "$name" >/dev/null || die "no test: $name"
done

HERD=$("$TESTING/fetch/fetch.sh" herd)
MODEL=$("$TESTING/fetch/fetch.sh" source)/tools/memory-model

good=0
bad=0
for name in "${tests[@]}"; do
	file=$DIR/${name%%-without-*}.litmus
	variant=
	[[ $name != *-without-* ]] || variant=${name#*-without-}
	write "$file" "$variant" >"$WORK/$name.litmus"
	want=$(expected "$file" "$variant")
	result=$(found "$WORK/$name.litmus")
	if [ "$result" = "$want" ]; then
		printf '%-40s %s\n' "$name" "$result"
		good=$((good + 1))
	else
		printf '%-40s %s -- EXPECTED: %s\n' "$name" "$result" \
			"${want:-missing, no \"Result:\" in the comment}"
		bad=$((bad + 1))
	fi
done

echo "$good as expected, $bad not"
[ "$bad" = 0 ]
