"""The control plane: store, agent service, API, UI, access; and Lite, all of it on a laptop."""

import os

# Read when grpc is first imported, hence here. The server forks only to exec; with grpc's fork handlers
# a child may crash before it does, when other threads are inside grpc at that moment.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
