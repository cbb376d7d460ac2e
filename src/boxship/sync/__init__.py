"""Many images kept the same in two places: what is wanted, the plan that comes of it, and those that carry it out."""
