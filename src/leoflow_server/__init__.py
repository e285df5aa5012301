"""The control plane: store, agent service, API, UI, access; and Lite, all of it on a laptop."""
