"""What images consist of: layers, and the file system that they make together."""
