#!/usr/bin/env bash
# Ends only what up.sh started, by process id. `down.sh wipe` also removes the cluster's state (not the binaries).
set -uo pipefail
. "$(dirname "$0")/settings.sh"
cd "$state" 2>/dev/null || exit 0

containers() { ctr --address containerd/containerd.sock --namespace k8s.io "$@"; }

end_pods() {
    [ -e admin.kubeconfig ] && timeout 20 "${inside[@]}" kubectl --kubeconfig admin.kubeconfig \
        delete pods --all --all-namespaces --grace-period=0 --force
    kill "$(process kubelet)"
    sleep 1
    for task in $(containers tasks ls -q); do containers tasks kill -s 9 "$task"; done
    sleep 1
    for container in $(containers containers ls -q); do
        containers tasks rm -f "$container"
        containers containers rm "$container"
    done
}

if [ -S containerd/containerd.sock ] && process containerd >/dev/null; then
    end_pods >/dev/null 2>&1
fi
# In the opposite order of up.sh, each given five seconds.
for name in bridge-apiserver bridge-registry-auth bridge-registry proxy kubelet scheduler controllers apiserver etcd containerd registry-auth registry; do
    if pid=$(process "$name"); then
        kill "$pid" 2>/dev/null
        for _ in $(seq 50); do process "$name" >/dev/null || break; sleep 0.1; done
        process "$name" >/dev/null && kill -9 "$pid"
    fi
    rm -f "$name.pid"
done
awk -v below="$state/" 'index($2, below) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do
    umount -l "$mount"
done
ip netns del "$namespace" 2>/dev/null
[ "${1:-}" = wipe ] && rm -rf "$state"
echo "the node is down"
