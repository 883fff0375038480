"""Pictures: fetched, checked, stored by content hash, and given out again. Knows nothing of jobs."""
