"""A registry that stands in for others: what it is asked for and does not have, it brings, keeps and serves.

`upstream` says what the others are asked, `places` which of them a request means, and `asking` asks them. A `cache` is
what all of it has in common; `blobs`, `manifests` and `lists` answer requests, with the `actions` of a registry that
has everything. A blob comes as an `arrival`, or is seen coming `elsewhere`; what nobody asked for in a long time goes
by `eviction`. Nothing here knows how another registry is reached.
"""
