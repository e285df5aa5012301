#!/usr/bin/env bash
# Makes a TCP port of one side reachable on the other, until it is ended. Unix sockets cross the namespace.
#   bridge.sh from-node PORT   the node's PORT ($address or 127.0.0.1 in there) at 127.0.0.1:PORT of this machine
#   bridge.sh to-node PORT     this machine's 127.0.0.1:PORT at $address:PORT of the node, where pods reach it
set -uo pipefail
. "$(dirname "$0")/settings.sh"
direction=${1:?from-node or to-node} port=${2:?a port}
host=${3:-127.0.0.1}   # where the port is served
socket=$state/bridge-$direction-$port.sock
rm -f "$socket"
case $direction in
    from-node) near=("${inside[@]}") far=() listen=127.0.0.1 ;;
    to-node) near=() far=("${inside[@]}") listen=0.0.0.0 ;;
    *) echo "bridge.sh: from-node or to-node, not $direction" >&2; exit 2 ;;
esac
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -f "$socket"; exit 0' TERM INT EXIT
"${near[@]}" socat -t 30 "UNIX-LISTEN:$socket,fork" "TCP:$host:$port" &
pids+=($!)
"${far[@]}" socat -t 30 "TCP-LISTEN:$port,bind=$listen,fork,reuseaddr" "UNIX-CONNECT:$socket" &
pids+=($!)
wait -n "${pids[@]}"
