"""The verbs of `Client` that move images and names: what each of them is in terms of stores and registries."""
