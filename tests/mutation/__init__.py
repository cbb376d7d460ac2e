"""Mutation testing, outside of CI: what tests say to small wrong changes of the source (`make mutate`)."""
