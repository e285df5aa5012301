"""Our own additions to `/api/v2`: routes only."""
