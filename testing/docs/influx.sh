#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Send the packets of a simulated source through notify-mqtt, mosquitto and influx.py to InfluxDB,
# and count the points. It starts services: run it in a guest. See Documentation/fleet.md.

set -eu

NAME=points
HERE=$(cd "$(dirname "$0")" && pwd)
SERVICES=(influxdb mosquitto "notify-mqtt@$NAME")

# wait_for COMMAND...: wait until COMMAND succeeds.
wait_for() {
	for _ in $(seq 600); do
		if "$@" >/dev/null 2>&1; then
			return
		fi
		sleep 0.1
	done
	echo "timed out waiting for: $*" >&2
	journalctl --no-pager "${SERVICES[@]/#/--unit=}" | tail -n 20 >&2
	exit 1
}

query() {
	influx -database notify -precision ns -format csv -execute "$1"
}

# points EXPRESSION: print a number that InfluxDB computes from the points.
points() {
	query "SELECT $1 FROM packets WHERE device = '$NAME'" | sed -n '2s/.*,//p'
}

counts() {
	[ "$(points 'count(seq)')" = "$1" ]
}

broadcast() {
	head -c $(($1 * 16)) /dev/zero >"/dev/notify_sim/$NAME"
}

subscribe() {
	mosquitto_sub -q 1 -i influx -c -t 'notify/+/+/+' "$@"
}

# A process group, which is killed as a whole.
start_consumer() {
	set -m
	subscribe -F '%t %p' | python3 "$HERE/../../Documentation/examples/influx.py" 2>/dev/null &
	set +m
}

modprobe notify_sim
mkdir "/sys/kernel/config/notify_sim/$NAME"
cd "/sys/kernel/config/notify_sim/$NAME"
echo 16 >packet_size
echo 1024 >max_packets
echo 1024 >replay
echo 1 >live
cd /
systemctl start "${SERVICES[@]}"
wait_for query 'SHOW DATABASES'
wait_for subscribe -E
start_consumer
broadcast 300
wait_for counts 300
echo "300 packets: $(points 'count(seq)') points, seq $(points 'min(seq)') to $(points 'max(seq)')"

systemctl restart "notify-mqtt@$NAME"
broadcast 1
wait_for counts 301
echo "all were sent again, and one more: $(points 'count(seq)') points"

systemctl stop influxdb
broadcast 100
systemctl start influxdb
wait_for counts 401
echo "the database was down: $(points 'count(seq)') points"
kill %1
systemctl stop "${SERVICES[@]}"
rmdir "/sys/kernel/config/notify_sim/$NAME"
