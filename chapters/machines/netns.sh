#!/usr/bin/env bash
# Runs the service's workers in two network namespaces, which are like two machines with a network card each, and takes one
# of the two cards down for a while. Linux only, as root, with iproute2 and nats-server:
#
#     cargo build -p machines
#     sudo chapters/machines/netns.sh [SECONDS]
#
# A bridge connects the namespaces. The broker and the service run on this machine, at the bridge's address. Two workers
# run in `east` and two in `west`. After two seconds, `west` loses its link for so many seconds, 6 by default. Its jobs are
# delivered again, to the workers in `east`, and when the link is back, the late results of `west` don't count.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-6}
program=${CHAPTER_MACHINES:-target/debug/chapter-machines}
id=tpc$$
net=10.213.77
port=14222
folder=$(mktemp -d)
pids=()

# Ends what this script has started, and removes what it has created, however the script ends.
clean_up() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    for side in east west; do
        ip link delete "$id-${side:0:1}" 2>/dev/null || true
        ip netns delete "$id-$side" 2>/dev/null || true
    done
    ip link delete "$id" 2>/dev/null || true
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "netns.sh: $1" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || fail "expected to run as root, because it creates network namespaces"
[ -x "$program" ] || fail "$program isn't there: run cargo build -p machines"
PATH=$PATH:/usr/sbin:/sbin
command -v ip >/dev/null || fail "the program ip isn't installed: apt install iproute2"
command -v nats-server >/dev/null || fail "nats-server isn't installed: apt install nats-server"

ip link add "$id" type bridge
ip address add "$net.1/24" dev "$id"
ip link set "$id" up
host=2
for side in east west; do
    ip netns add "$id-$side"
    ip link add "$id-${side:0:1}" type veth peer name eth0 netns "$id-$side"
    ip link set "$id-${side:0:1}" master "$id" up
    ip -n "$id-$side" link set lo up
    ip -n "$id-$side" address add "$net.$host/24" dev eth0
    ip -n "$id-$side" link set eth0 up
    host=$((host + 1))
done

nats-server -js -sd "$folder" -a "$net.1" -p "$port" >"$folder/broker.log" 2>&1 &
pids+=($!)
servers=nats://$net.1:$port
for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/$net.1/$port") 2>/dev/null && break
    sleep 0.1
done
for side in east west; do
    ip netns exec "$id-$side" "$program" --role=work --workers=2 --servers="$servers" --time=120 &
    pids+=($!)
done

"$program" --role=submit --servers="$servers" --jobs=40 --seed=1 --kind=io --until-done --time=120 --ack-wait=1 &
service=$!
pids+=("$service")
sleep 2
echo "west loses its link" >&2
ip link set "$id-w" down
sleep "$seconds"
echo "west has its link again" >&2
ip link set "$id-w" up
status=0
wait "$service" || status=$?
exit "$status"
