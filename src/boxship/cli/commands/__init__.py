"""One file a verb: `SUMMARY`, `EXAMPLE`, `arguments` that it takes, and `run`, which gives the exit status."""
