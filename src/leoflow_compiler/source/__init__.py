"""Source text: read by Python's own `ast`, within limits."""
