#!/usr/bin/env bash
# Runs a command in the network namespace of the node that up.sh made: inside.sh kubectl get pods
exec nsenter --net=/run/netns/kubernetes-node "$@"
