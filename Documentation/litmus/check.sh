#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [TEST...]: runs the litmus tests of this directory, or those named, with herd7 and the
# kernel's memory model. Fails unless each result is the one in the test's comment. LIMIT: seconds
# for each test.

# shellcheck source=selftests/vm/common.sh
. "$(dirname "$0")/../../selftests/vm/common.sh"

DIR=$TOP/Documentation/litmus
LIMIT=${LIMIT:-300}

# expected FILE: prints "Never", "Sometimes" or "Sometimes, data race".
expected() {
	sed -n 's/^ \* Result: //p' "$1"
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

if [ $# -gt 0 ]; then
	tests=("${@/#/$DIR/}")
	tests=("${tests[@]/%/.litmus}")
else
	tests=("$DIR"/*.litmus)
fi
for file in "${tests[@]}"; do
	[ -e "$file" ] || die "no test: $file"
done

HERD=$("$VM_DIR/fetch.sh" herd)
MODEL=$("$VM_DIR/fetch.sh" source)/tools/memory-model

good=0
bad=0
for file in "${tests[@]}"; do
	name=$(basename "$file" .litmus)
	want=$(expected "$file")
	result=$(found "$file")
	if [ "$result" = "$want" ]; then
		printf '%-40s %s\n' "$name" "$result"
		good=$((good + 1))
	else
		printf '%-40s %s -- EXPECTED: %s\n' "$name" "$result" \
			"${want:-missing, no \"Result:\" in the comment}"
		bad=$((bad + 1))
	fi
done

echo "$good results as expected, $bad unexpected"
[ "$bad" = 0 ]
