#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [TEST...]: has herd7 judge the litmus tests of this directory, or those named,
# by the kernel's memory model, and fails unless each result is the one in the test's
# comment. LIMIT: seconds for one test.

# shellcheck source=selftests/vm/common.sh
. "$(dirname "$0")/../../selftests/vm/common.sh"

DIR=$TOP/Documentation/litmus
LIMIT=${LIMIT:-300}

# What the comment of a test promises: "Never", "Sometimes", "Sometimes, data race".
wanted() {
	sed -n 's/^ \* Result: //p' "$1"
}

# found FILE: what herd7 says, or what kept it from saying anything.
found() {
	local name output result race=

	name=$(basename "$1" .litmus)
	if ! output=$(cd "$MODEL" &&
		      timeout "$LIMIT" "$HERD" -conf linux-kernel.cfg "$1" 2>&1); then
		echo "herd7 failed, or took more than $LIMIT s: $output"
		return
	fi
	result=$(sed -nE "s/^Observation $name (Always|Sometimes|Never) .*/\1/p" <<<"$output")
	if grep -q '^Flag data-race' <<<"$output"; then
		race=", data race"
	fi
	echo "${result:-nothing: $output}$race"
}

if [ $# -gt 0 ]; then
	tests=("${@/#/$DIR/}")
	tests=("${tests[@]/%/.litmus}")
else
	tests=("$DIR"/*.litmus)
fi
for file in "${tests[@]}"; do
	[ -e "$file" ] || die "there is no test $file"
done

HERD=$("$VM_DIR/fetch.sh" herd)
MODEL=$("$VM_DIR/fetch.sh" source)/tools/memory-model

good=0
bad=0
for file in "${tests[@]}"; do
	name=$(basename "$file" .litmus)
	want=$(wanted "$file")
	result=$(found "$file")
	if [ "$result" = "$want" ]; then
		printf '%-40s %s\n' "$name" "$result"
		good=$((good + 1))
	else
		printf '%-40s %s -- NOT AS EXPECTED: %s\n' "$name" "$result" \
			"${want:-no Result: in its comment}"
		bad=$((bad + 1))
	fi
done

echo "$good as expected, $bad not"
[ "$bad" = 0 ]
