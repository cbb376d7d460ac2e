"""What the image specification says: documents as frozen values that keep the bytes they were read from."""
