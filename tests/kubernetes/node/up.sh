#!/usr/bin/env bash
# A real one-node Kubernetes (1.20) with an OCI registry, for tests on a machine without kind or k3d. As root, on Debian.
#
# Everything comes from Debian packages; the Kubernetes programs are built once from Debian's source package (build.sh)
# and kept in $K8S_NODE_DIR/bin (/var/tmp/kubernetes-node). The node lives in a network namespace of its own that has no
# way out. In there: registries 127.0.0.1:15000 (open) and 127.0.0.1:15001 (alice / secret), API server
# https://10.99.0.1:16443. From here:
#   - both registries and the API server are at the same ports of 127.0.0.1 (outside.kubeconfig);
#   - what listens at 127.0.0.1:PORT here is reached by pods at 10.99.0.1:PORT while `bridge.sh to-node PORT` runs;
#   - inside.sh COMMAND runs a command in there (with admin.kubeconfig).
# Not there: DNS, storage classes, network policies, a second node. Image names must be fully qualified
# (127.0.0.1:15000/name:tag), pods use dnsPolicy Default.
#
# usage: up.sh [install] [build] [registry] [plane] [node]
#   no argument: whatever is missing of the first two, then the other three; the last line gives KUBECONFIG.
#   A node that is up is left alone. down.sh ends it, running.sh tells whether it is up.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/settings.sh"

steps=("$@")
if [ ${#steps[@]} = 0 ]; then
    steps=(registry plane node)
    for program in "${programs[@]}"; do
        [ -x "$binaries/$program" ] || { steps=(build "${steps[@]}"); break; }
    done
    for tool in etcd containerd runc buildah docker-registry htpasswd jq conntrack socat kubectl; do
        command -v "$tool" >/dev/null || { steps=(install "${steps[@]}"); break; }
    done
    [ "${steps[0]}" = build ] && steps=(install "${steps[@]}")
fi
wanted() { [[ " ${steps[*]} " == *" $1 "* ]]; }

began=$(date +%s%N)
say() { echo "[$(((($(date +%s%N) - began)) / 1000000)) ms] $*"; }
die() { echo "up.sh: $*" >&2; exit 1; }
outside() {  # NAME COMMAND…: in a session of its own, unless it runs already
    local name=$1
    shift
    process "$name" >/dev/null && return
    setsid nohup "$@" >"$name.log" 2>&1 </dev/null 9>&- &
    note_process "$name" $!
}
background() {  # NAME COMMAND…: the same, inside the namespace
    local name=$1
    shift
    outside "$name" "${inside[@]}" "$@"
}
await() {  # COMMAND…: until it succeeds, for a minute
    for _ in $(seq 600); do
        "${inside[@]}" "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    die "waited in vain for: $*"
}
as_admin() { "${inside[@]}" curl -fsk -H 'Authorization: Bearer admintoken' "https://$address:16443$1"; }

install_packages() {
    local packages=(
        docker-registry skopeo buildah podman iproute2 util-linux mount openssl curl runc containerd
        containernetworking-plugins etcd-server iptables conntrack ethtool socat gcc libc6-dev apache2-utils
        golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev rsync make dpkg-dev jq
    )
    command -v kubectl >/dev/null || packages+=(kubernetes-client)  # another publisher's owns the same file
    apt-get -o DPkg::Lock::Timeout=300 update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
        "${packages[@]}" >/dev/null || die "packages could not be installed"
}

start_registries() {
    mkdir -p registry registry-auth
    htpasswd -Bbn alice secret >htpasswd
    for name in registry registry-auth; do
        port=15000
        [ $name = registry-auth ] && port=15001
        cat >$name.yml <<END
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $state/$name}
  delete: {enabled: true}
http: {addr: "127.0.0.1:$port"}
END
    done
    printf 'auth:\n  htpasswd: {realm: test, path: %s}\n' "$state/htpasswd" >>registry-auth.yml
    background registry docker-registry serve registry.yml
    background registry-auth docker-registry serve registry-auth.yml
    await curl -fs http://127.0.0.1:15000/v2/
    outside bridge-registry "$here/bridge.sh" from-node 15000
    outside bridge-registry-auth "$here/bridge.sh" from-node 15001
}

make_certificates() {
    [ -e pki/ca.crt ] && return
    mkdir -p pki
    openssl genrsa -out pki/accounts.key 2048
    openssl rsa -in pki/accounts.key -pubout -out pki/accounts.pub
    openssl req -x509 -newkey rsa:2048 -nodes -keyout pki/ca.key -out pki/ca.crt -subj /CN=test-ca -days 365
    sign() {  # NAME SUBJECT EXTENSION
        openssl req -newkey rsa:2048 -nodes -keyout "pki/$1.key" -out "pki/$1.csr" -subj "$2"
        openssl x509 -req -in "pki/$1.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -out "pki/$1.crt" \
            -days 365 -extfile <(echo "$3")
    }
    sign api /CN=kube-apiserver "subjectAltName=DNS:kubernetes,DNS:kubernetes.default,DNS:localhost,IP:127.0.0.1,IP:$address,IP:10.96.0.1"
    sign kubelet-client /O=system:masters/CN=apiserver-kubelet-client "basicConstraints=CA:FALSE"
} >/dev/null 2>&1

write_logins() {
    cat >tokens.csv <<END
admintoken,admin,admin,"system:masters"
controllerstoken,system:kube-controller-manager,controllers
schedulertoken,system:kube-scheduler,scheduler
kubelettoken,system:node:node1,kubelet,"system:nodes"
proxytoken,system:kube-proxy,proxy
END
    for name in admin controllers scheduler kubelet proxy; do
        cat >$name.kubeconfig <<END
apiVersion: v1
kind: Config
clusters: [{name: node, cluster: {server: "https://$address:16443", certificate-authority: $state/pki/ca.crt}}]
users: [{name: $name, user: {token: ${name}token}}]
contexts: [{name: node, context: {cluster: node, user: $name}}]
current-context: node
END
    done
    sed "s#$address:16443#127.0.0.1:16443#" admin.kubeconfig >outside.kubeconfig
}

start_plane() {
    ip -n "$namespace" addr show dev lo | grep -q "$address/" || ip -n "$namespace" addr add "$address/32" dev lo
    make_certificates
    write_logins
    background etcd etcd --data-dir "$state/etcd" --unsafe-no-fsync \
        --listen-client-urls http://127.0.0.1:12379 --advertise-client-urls http://127.0.0.1:12379 \
        --listen-peer-urls http://127.0.0.1:12380 --initial-advertise-peer-urls http://127.0.0.1:12380 \
        --initial-cluster default=http://127.0.0.1:12380
    background apiserver "$binaries/kube-apiserver" --etcd-servers=http://127.0.0.1:12379 \
        --bind-address=$address --advertise-address=$address --secure-port=16443 \
        --tls-cert-file=pki/api.crt --tls-private-key-file=pki/api.key --client-ca-file=pki/ca.crt \
        --kubelet-client-certificate=pki/kubelet-client.crt --kubelet-client-key=pki/kubelet-client.key \
        --kubelet-preferred-address-types=InternalIP --token-auth-file=tokens.csv --authorization-mode=Node,RBAC \
        --service-cluster-ip-range=10.96.0.0/16 --service-account-key-file=pki/accounts.pub \
        --service-account-signing-key-file=pki/accounts.key \
        --service-account-issuer=https://kubernetes.default.svc --allow-privileged=true
    await curl -fsk -H 'Authorization: Bearer admintoken' https://$address:16443/readyz
    outside bridge-apiserver "$here/bridge.sh" from-node 16443 $address
    local shared=(--bind-address=127.0.0.1 --port=0 --leader-elect=false)
    logins() { echo "--kubeconfig=$1 --authentication-kubeconfig=$1 --authorization-kubeconfig=$1"; }
    # shellcheck disable=SC2046
    background controllers "$binaries/kube-controller-manager" $(logins controllers.kubeconfig) "${shared[@]}" \
        --secure-port=16257 --service-account-private-key-file=pki/accounts.key --root-ca-file=pki/ca.crt \
        --use-service-account-credentials=true "--controllers=*,-nodeipam,-cloud-node-lifecycle,-route,-service"
    # shellcheck disable=SC2046
    background scheduler "$binaries/kube-scheduler" $(logins scheduler.kubeconfig) "${shared[@]}" --secure-port=16259
}

push_pause() {  # the process that holds a pod's namespaces, in ten lines of our own
    "${inside[@]}" curl -fs http://127.0.0.1:15000/v2/pause/tags/list >/dev/null && return
    cat >pause.c <<'END'
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void leave(int number) { exit(0); }
static void reap(int number) { while (waitpid(-1, NULL, WNOHANG) > 0); }
int main() {
    signal(SIGINT, leave);
    signal(SIGTERM, leave);
    signal(SIGCHLD, reap);
    for (;;) pause();
}
END
    gcc -Os -static -s -o pause pause.c
    local container
    container=$(buildah from scratch)
    buildah copy -q "$container" pause /pause >/dev/null
    buildah config --entrypoint '["/pause"]' "$container"
    buildah commit -q --rm "$container" 127.0.0.1:15000/pause:1 >/dev/null
    "${inside[@]}" buildah push -q --tls-verify=false 127.0.0.1:15000/pause:1
}

start_node() {
    mkdir -p containerd cni kubelet
    push_pause
    cat >containerd.toml <<END
version = 2
root = "$state/containerd/root"
state = "$state/containerd/state"
oom_score = 0
[grpc]
  address = "$state/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "127.0.0.1:15000/pause:1"
  restrict_oom_score_adj = true  # where CAP_SYS_RESOURCE is missing
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
END
    cat >cni/10-bridge.conflist <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni-k8s0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$state/addresses",
            "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
    cat >kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
port: 16250
readOnlyPort: 0
healthzPort: 16248
cgroupDriver: cgroupfs
failSwapOn: false
oomScoreAdj: 0
enforceNodeAllocatable: []
serializeImagePulls: false
registryPullQPS: 0
kubeAPIQPS: 50
kubeAPIBurst: 100
nodeStatusUpdateFrequency: 1s
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $state/pki/ca.crt}
authorization: {mode: Webhook}
END
    cat >proxy.yaml <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
bindAddress: 127.0.0.1
healthzBindAddress: 127.0.0.1:16256
metricsBindAddress: 127.0.0.1:16249
hostnameOverride: node1
mode: iptables
clusterCIDR: 10.244.0.0/24
clientConnection: {kubeconfig: $state/proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0}
END
    background containerd containerd -c containerd.toml
    await ctr --address "$state/containerd/containerd.sock" version
    background kubelet "$binaries/kubelet" --config=kubelet.yaml --kubeconfig=kubelet.kubeconfig \
        --root-dir="$state/kubelet" --cert-dir="$state/kubelet-pki" --container-runtime=remote \
        --container-runtime-endpoint="unix://$state/containerd/containerd.sock" \
        --hostname-override=node1 --node-ip=$address
    background proxy "$binaries/kube-proxy" --config=proxy.yaml
    for _ in $(seq 600); do
        node_is_ready && return
        sleep 0.1
    done
    die "the node does not become ready; $state/kubelet.log says why"
}

node_is_ready() {
    as_admin /api/v1/nodes/node1 | jq -e '([.status.conditions[] | select(.type == "Ready").status] == ["True"])
        and ((.spec.taints // []) == [])' >/dev/null 2>&1
}

mkdir -p "$state" "$binaries"
cd "$state" || die "$state cannot be entered"
exec 9>"$base/lock"
flock 9  # two at once would make two nodes, of which down.sh knows one
if wanted install; then install_packages; say "packages are there"; fi
if wanted build; then "$here/build.sh" || exit 1; say "Kubernetes is built"; fi
if wanted registry || wanted plane || wanted node; then
    [ -e "/run/netns/$namespace" ] || ip netns add "$namespace"
    ip -n "$namespace" link set lo up
fi
if wanted registry; then start_registries; say "registries answer"; fi
if wanted plane; then start_plane; say "the control plane answers"; fi
if wanted node; then start_node; say "the node is ready"; fi
echo "export KUBECONFIG=$state/outside.kubeconfig"
