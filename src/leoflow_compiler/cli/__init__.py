"""The `leoflow` command."""
