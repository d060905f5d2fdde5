#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ships the packets of a simulated source to a broker on this machine, by notify-mqtt@.service,
# and has things go wrong. Says how many packets have arrived, and how many are known to be lost:
# together they are all that were broadcast. For a machine that is made for it: see
# Documentation/fleet.md.

set -eu

PACKET=16
RING=256
NAME=fleet
WORK=$(mktemp -d)
HERE=$(dirname "$0")
INJECTOR=/dev/notify_sim/$NAME
UNIT=notify-mqtt@$NAME
sent=0

# wait_for COMMAND...: until it succeeds.
wait_for() {
	for _ in $(seq 600); do
		if "$@" >/dev/null 2>&1; then
			return
		fi
		sleep 0.1
	done
	echo "$* does not come true" >&2
	journalctl -u "$UNIT" -u mosquitto --no-pager | tail -n 20 >&2
	exit 1
}

# The packets are in the publisher's pipe, if not further.
drained() {
	! notifycat --stats --format json "$NAME" | grep -q '"queued":[1-9]'
}

# broadcast COUNT: all at once.
broadcast() {
	head -c $(($1 * PACKET)) /dev/zero >"$INJECTOR"
	sent=$((sent + $1))
}

# broadcast_slowly COUNT: never more than the ring holds.
broadcast_slowly() {
	for _ in $(seq $(($1 / 100))); do
		broadcast 100
		wait_for drained
	done
}

# One packet of the source's last has arrived.
arrived_last() {
	grep -q "\"seq\":$sent," "$WORK/packets"
}

lost() {
	awk '/ lost before / { sum += $2 } / came late/ { sum-- } END { print sum + 0 }' \
		"$WORK/losses"
}

# account TITLE: what was broadcast has arrived or is known to be lost.
account() {
	local arrived

	wait_for arrived_last
	arrived=$(wc -l <"$WORK/packets")
	echo "$1: $sent broadcast, $arrived arrived, $(lost) lost"
	if [ $((arrived + $(lost))) != "$sent" ]; then
		tail -n 5 "$WORK/losses" >&2
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
		python3 "$HERE/../Documentation/examples/losses.py" \
			>"$WORK/packets" 2>"$WORK/losses" &
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
