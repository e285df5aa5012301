# What up.sh and down.sh agree on. Read by both, never run.
# shellcheck shell=bash disable=SC2034
base=${K8S_NODE_DIR:-/var/tmp/kubernetes-node}
state=$base/run        # all that `down.sh wipe` removes
binaries=$base/bin     # the five Kubernetes programs, built once
namespace=kubernetes-node
address=10.99.0.1      # the node's, and that of whatever listens on 0.0.0.0 inside
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
inside=(nsenter "--net=/run/netns/$namespace")

# A process is its number and the moment of its start: the folder outlives reboots and containers, and by then
# another process may have the number.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}'; }
note_process() { echo "$2 $(started_at "$2")" >"$1.pid"; }  # NAME PID
process() {  # NAME: its number, while it lives
    local pid since
    read -r pid since 2>/dev/null <"$1.pid" && [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ] && echo "$pid"
}
