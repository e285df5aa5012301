"""Random histories of several replicas on virtual time, and what must hold at every commit."""
