"""Source text: guarded by `ast`, parsed by libcst, with line numbers in step."""
