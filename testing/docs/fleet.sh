#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Send the packets of a simulated source to a local broker through notify-mqtt@.service while
# parts of the chain fail. Check that arrived and lost packets add up to the broadcast ones. It
# stops and starts services: run it in a guest. See Documentation/fleet.md.

set -eu

PACKET=16
RING=256
NAME=fleet-1
WORK=$(mktemp -d)
HERE=$(dirname "$0")
INJECTOR=/dev/notify_sim/$NAME
UNIT=notify-mqtt@$NAME
sent=0

# wait_for COMMAND...: wait until COMMAND succeeds.
wait_for() {
	for _ in $(seq 600); do
		if "$@" >/dev/null 2>&1; then
			return
		fi
		sleep 0.1
	done
	echo "timed out waiting for: $*" >&2
	journalctl -u "$UNIT" -u mosquitto --no-pager | tail -n 20 >&2
	exit 1
}

# broadcast COUNT: broadcast packets by one write.
broadcast() {
	head -c $(($1 * PACKET)) /dev/zero >"$INJECTOR"
	sent=$((sent + $1))
}

arrived_last() {
	grep -q "\"seq\":$sent," "$WORK/packets"
}

lost() {
	awk '/ missing before / { sum += $2 } / arrived late/ { sum-- } END { print sum + 0 }' \
		"$WORK/missing"
}

# account TITLE [LOST]: check that arrived and lost packets add up to the broadcast ones.
account() {
	local arrived

	wait_for arrived_last
	arrived=$(wc -l <"$WORK/packets")
	echo "$1: $sent broadcast, $arrived arrived, $(lost) lost"
	if [ $((arrived + $(lost))) != "$sent" ] || [ "${2-$(lost)}" != "$(lost)" ]; then
		tail -n 5 "$WORK/missing" >&2
		exit 1
	fi
}

publisher() {
	systemctl show --property MainPID --value "$UNIT"
}

reads() {
	[ "$(cat "/sys/class/misc/notify!$NAME/clients")" = 1 ]
}

# Print the number that the kernel gave to the reader when it opened the device.
client() {
	grep -h -A 1 -x "device:.$NAME" /proc/[0-9]*/fdinfo/* 2>/dev/null | sed -n 's/^client:.//p'
}

start_source() {
	mkdir "/sys/kernel/config/notify_sim/$NAME"
	cd "/sys/kernel/config/notify_sim/$NAME"
	echo $PACKET >packet_size
	echo $RING >max_packets
	echo $RING >replay
	echo 1 >live
	cd /
}

# The broker keeps the messages of this session.
subscribe() {
	mosquitto_sub -q 1 -i account -c -t 'notify/#' "$@"
}

start_subscriber() {
	subscribe -F '%t %p' |
		python3 "$HERE/../../Documentation/examples/losses.py" \
			>"$WORK/packets" 2>"$WORK/missing" &
}

restart_broker() {
	systemctl stop mosquitto
	systemctl start mosquitto
}

HERE=$(cd "$HERE" && pwd)
mkdir -p /run/systemd/system/mosquitto.service.d
printf '[Unit]\nStartLimitIntervalSec=0\n' >/run/systemd/system/mosquitto.service.d/restarts.conf
systemctl daemon-reload
modprobe notify_sim
systemctl restart mosquitto
wait_for subscribe -E
systemctl stop mosquitto

systemctl start "$UNIT"
start_source
wait_for reads
opened=$(client)
broadcast $RING
systemctl start mosquitto
start_subscriber
account "the broker and the device were absent at the start" 0

systemctl stop mosquitto
broadcast $RING
systemctl start mosquitto
account "the broker was down" 0

for _ in $(seq 20); do
	broadcast 100
	restart_broker
	wait_for arrived_last
done
account "the broker was restarted 20 times" 0
[ "$(client)" = "$opened" ]

systemctl stop mosquitto
broadcast $RING
kill -KILL "$(publisher)"
systemctl start mosquitto
account "the broker was down, and the publisher died" 0

kill -STOP "$(publisher)"
broadcast 5000
kill -CONT "$(publisher)"
account "the publisher stood still"

systemctl restart "$UNIT"
wait_for reads
broadcast 100
account "the unit was restarted"

systemctl stop "$UNIT"
broadcast 200
UNIT=notify-mqtt@$(systemd-escape "$NAME")
systemctl start "$UNIT"
account "the unit was stopped"
systemctl stop "$UNIT" mosquitto
rmdir "/sys/kernel/config/notify_sim/$NAME"
