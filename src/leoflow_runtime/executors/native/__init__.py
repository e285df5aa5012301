"""Tasks that only wait or make one call: run in the control plane's event loop, without a process each."""
