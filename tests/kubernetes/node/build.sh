#!/usr/bin/env bash
# Builds the five Kubernetes programs from Debian's source package, with Debian's Go, into $K8S_NODE_DIR/bin.
# Once: 5 to 20 minutes on two cores. Run by up.sh where they are missing.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

source=$base/source
mkdir -p "$source/apt/lists/partial" "$source/apt/cache/archives/partial" "$source/kubernetes" "$binaries"
cd "$source"

# Package sources of our own, so that the machine's stay as they are.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' | sort -u | sed -n 1p)
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >apt/sources.list
cat >apt.conf <<END
Dir::State "$source/apt";
Dir::State::lists "$source/apt/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$source/apt/cache";
Dir::Etc::sourcelist "$source/apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "root";
END
export APT_CONFIG=$source/apt.conf
apt-get update -qq
apt-get source --download-only kubernetes >/dev/null
tar xzf kubernetes_*orig.tar.gz -C kubernetes --strip-components=1

cd kubernetes
mkdir -p .go/src/k8s.io
ln -sfn ../../.. .go/src/k8s.io/kubernetes
# The vendored reflect2 1.0.1 corrupts maps under Go 1.18 and later: the API server dies of it. Debian has a good one.
reflect=vendor/github.com/modern-go/reflect2
rm -f $reflect/*.go $reflect/*.s
cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} $reflect/
rm -f $reflect/*_test.go
cat >"$source/version" <<END
KUBE_GIT_COMMIT='x'
KUBE_GIT_TREE_STATE='clean'
KUBE_GIT_VERSION='v1.20.2'
KUBE_GIT_MAJOR='1'
KUBE_GIT_MINOR='20'
END
export PATH=/usr/lib/go-1.19/bin:$PATH GOPATH=$PWD/.go CGO_ENABLED=0 GOFLAGS=-p=2
export KUBE_GIT_VERSION_FILE=$source/version GOCACHE=$source/cache
if ! nice -n 19 make WHAT="${programs[*]/#/cmd/}" GOLDFLAGS="-s -w" >"$source/make.log" 2>&1; then
    echo "Kubernetes could not be built; $source/make.log says why." >&2
    exit 1
fi
for program in "${programs[@]}"; do install -m 755 "_output/local/bin/linux/amd64/$program" "$binaries/"; done
cd "$base"
rm -rf "$source/kubernetes" "$source/cache"
