"""What the compiler knows about libraries: one file per library, tables filled by `registry`."""
