"""What files, the environment and flags say of a host; every value remembers where it is from."""
