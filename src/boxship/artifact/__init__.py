"""Files as artifacts: packed as oras does it, and taken out again where nothing leaves the folder that they are for."""
