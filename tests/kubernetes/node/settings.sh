# What up.sh and down.sh agree on. Read by both, never run.
# shellcheck shell=bash disable=SC2034
base=${K8S_NODE_DIR:-/var/tmp/kubernetes-node}
state=$base/run        # all that `down.sh wipe` removes
binaries=$base/bin     # the five Kubernetes programs, built once
namespace=kubernetes-node
address=10.99.0.1      # the node's, and that of whatever listens on 0.0.0.0 inside
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
inside=(nsenter "--net=/run/netns/$namespace")
