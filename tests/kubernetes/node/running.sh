#!/usr/bin/env bash
# Whether the node that up.sh made is up: prints the kubeconfig for this side of it, or fails.
. "$(dirname "$0")/settings.sh"
cd "$state" 2>/dev/null && process apiserver >/dev/null && process kubelet >/dev/null && echo "$state/outside.kubeconfig"
