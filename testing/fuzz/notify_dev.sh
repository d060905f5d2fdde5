#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# notify_dev [--seconds=N] [--seed=N]: run stress-ng's device stressor on each device node.

# shellcheck source=testing/fuzz/fuzzed.sh
. "$(dirname "$0")/fuzzed.sh"

parse_options "$@"
make_devices
start_checker
echo_packets 50

for device in $devices; do
	for dir in notify notify_sim; do
		as_user timeout -s KILL $((seconds + 120)) stress-ng --dev 1 \
			--dev-file "/dev/$dir/$device" --timeout "$seconds" --seed "$seed" \
			--metrics-brief --temp-path . >"/tmp/dev.$dir.$device" 2>&1 &
		stressors="$stressors $!"
	done
done
for stressor in $stressors; do
	wait "$stressor" || fail "stress-ng failed"
done
if [ "$failed" = 1 ]; then
	cat /tmp/dev.*
else
	grep ' dev  ' /tmp/dev.*
fi

kill_user
stop_checker
check_devices
# Format of stress-ng's metrics: "stress-ng: metrc: [PID] dev OPERATIONS ...".
operations=$(cat /tmp/dev.* |
	     awk '$2 == "metrc:" && $4 == "dev" { sum += $5 } END { print sum + 0 }')
[ "$operations" -gt 0 ] || fail "no operations by stress-ng"
echo "@result stress-ng: $operations operations, $total_clients clients"
[ "$failed" = 0 ]
