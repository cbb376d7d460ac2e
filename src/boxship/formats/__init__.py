"""Images in files: each format reads and writes what other programs write and read."""
