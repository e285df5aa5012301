"""Task logs: append-only byte ranges at acknowledged offsets, never parsed."""
