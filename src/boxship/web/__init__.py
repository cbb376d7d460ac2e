"""Pages for a browser: whole in one file each, with no script and nothing to fetch."""
