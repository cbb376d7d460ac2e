"""The targets: each module has those of some rooms of boxship, and is imported without the others."""
