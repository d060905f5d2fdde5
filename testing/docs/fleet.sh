#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Send the packets of a simulated source to a local broker through notify-mqtt@.service while
# parts of the chain fail. Check that arrived and lost packets add up to the broadcast ones. It
# stops and starts services: run it in a guest. See Documentation/fleet.md.

set -eu

PACKET=16
RING=256
NAME=fleet
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

# No packet is queued in the kernel.
drained() {
	! notifycat --stats --format json "$NAME" | grep -q '"queued":[1-9]'
}

# broadcast COUNT: broadcast packets by one write.
broadcast() {
	head -c $(($1 * PACKET)) /dev/zero >"$INJECTOR"
	sent=$((sent + $1))
}

# broadcast_slowly COUNT: broadcast packets in parts that fit the queue.
broadcast_slowly() {
	for _ in $(seq $(($1 / 100))); do
		broadcast 100
		wait_for drained
	done
}

arrived_last() {
	grep -q "\"seq\":$sent," "$WORK/packets"
}

lost() {
	awk '/ missing before / { sum += $2 } / arrived late/ { sum-- } END { print sum + 0 }' \
		"$WORK/missing"
}

# account TITLE: check that arrived and lost packets add up to the broadcast ones.
account() {
	local arrived

	wait_for arrived_last
	arrived=$(wc -l <"$WORK/packets")
	echo "$1: $sent broadcast, $arrived arrived, $(lost) lost"
	if [ $((arrived + $(lost))) != "$sent" ]; then
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

start_source() {
	mkdir "/sys/kernel/config/notify_sim/$NAME"
	cd "/sys/kernel/config/notify_sim/$NAME"
	echo $PACKET >packet_size
	echo $RING >max_packets
	echo $RING >replay
	echo 1 >live
	cd /
}

start_subscriber() {
	mosquitto_sub -q 1 -i account -c -t 'notify/#' -F '%t %p' |
		python3 "$HERE/../../Documentation/examples/losses.py" \
			>"$WORK/packets" 2>"$WORK/missing" &
}

HERE=$(cd "$HERE" && pwd)
modprobe notify_sim
systemctl restart mosquitto
start_subscriber
start_source
systemctl start "$UNIT"
wait_for reads
broadcast 100
account "all is well"

systemctl stop mosquitto
broadcast_slowly 1000
systemctl start mosquitto
account "the broker was down"

systemctl stop mosquitto
broadcast_slowly 1000
kill -KILL "$(publisher)"
sleep 2
systemctl start mosquitto
account "the broker was down, and the publisher died"

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
systemctl start "$UNIT"
account "the unit was stopped"
systemctl stop "$UNIT" mosquitto
rmdir "/sys/kernel/config/notify_sim/$NAME"
