"""What looks after a registry: sweeps, scrubs, checks, and what brings it from one place to another."""
