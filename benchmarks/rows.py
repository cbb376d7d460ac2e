"""Names of many images, written by PostgreSQL itself: as if they had been pushed, at none of the cost.

An image has a manifest, a tag, a config and two layers of its own, and four layers that many have.
"""

from __future__ import annotations

__all__ = ["IMAGES", "OBJECTS", "PER_IMAGE", "REPOSITORIES", "TABLES", "fill", "size_of"]

from boxship.server.database import Transaction

IMAGES, REPOSITORIES = 20_000, 200
TABLES = ("blob", "repo_blob", "manifest", "manifest_ref", "tag")
_OWN, _SHARED, _POOL = 3, 4, 100
OBJECTS = IMAGES * _OWN + _POOL  # the blobs
PER_IMAGE = {"blob": _OWN, "repo_blob": _OWN, "manifest": 1, "manifest_ref": _OWN + _SHARED, "tag": 1}
_SIZE = 8_000_000


def fill(transaction: Transaction) -> None:
    """Write the names; the tables are empty, and nobody else writes."""
    transaction.execute("SET LOCAL session_replication_role = replica")  # sums are written here, and nothing is checked
    for statement in _FILL:
        transaction.execute(statement)


def size_of(names: Transaction, table: str) -> tuple[int, int]:
    """How many rows a table has, and how many bytes it takes with its indexes."""
    query = f"SELECT (SELECT count(*) FROM {table}), pg_total_relation_size('{table}')"
    rows, size = names.execute(query).fetchone()
    return int(rows), int(size)


def _digest(words: str) -> str:
    return f"'sha256:' || encode(sha256(convert_to({words}, 'UTF8')), 'hex')"


# Of image `i`, content `n`: its own first, and then what all images of its repository share with those of others.
_CHILD = f"""CASE WHEN n <= {_OWN} THEN {_digest("'own ' || i || '/' || n")}
ELSE {_digest(f"'shared ' || ((i % {REPOSITORIES}) + n) % {_POOL}")} END"""
_IMAGES = f"generate_series(1, {IMAGES}) AS i"
_CONTENT = f"{_IMAGES}, generate_series(1, {_OWN + _SHARED}) AS n"
_REPO = f"1 + i % {REPOSITORIES}"
_MANIFEST = _digest("'manifest ' || i")
_DESCRIPTOR = (
    """'{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"' || """
    f"""{_CHILD} || '","size":{_SIZE}}}'"""
)
_BODY = (
    """convert_to('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":"layers":['"""
    f""" || (SELECT string_agg({_DESCRIPTOR}, ',') FROM generate_series(1, {_OWN + _SHARED}) AS n) || ']}}', 'UTF8')"""
)
_NOW = "extract(epoch FROM now())"
_FILL = (
    f"""
INSERT INTO repo (id, name, created, bytes, tags)
SELECT i, 'team-' || i % 20 || '/application-' || i, {_NOW}, 0, 0 FROM generate_series(1, {REPOSITORIES}) AS i
""",
    f"""
INSERT INTO blob (digest, size, modified, touched, verified, location)
SELECT digest, {_SIZE}, 1800000000000000000, {_NOW}, {_NOW},
    'blobs/' || gen_random_uuid() || '/' || substr(digest, 8, 16)
FROM (SELECT DISTINCT {_CHILD} AS digest FROM {_CONTENT}) AS every
""",
    f"""
INSERT INTO repo_blob (repo_id, digest, linked) SELECT DISTINCT {_REPO}, {_CHILD}, {_NOW} FROM {_CONTENT}
""",
    f"""
INSERT INTO manifest (repo_id, digest, media_type, pushed, body)
SELECT {_REPO}, {_MANIFEST}, 'application/vnd.oci.image.manifest.v1+json', {_NOW}, {_BODY} FROM {_IMAGES}
""",
    f"""
INSERT INTO manifest_ref (repo_id, parent, child) SELECT {_REPO}, {_MANIFEST}, {_CHILD} FROM {_CONTENT}
""",
    f"""
INSERT INTO tag (repo_id, name, digest, updated) SELECT {_REPO}, 'v1.0.' || i, {_MANIFEST}, {_NOW} FROM {_IMAGES}
""",
    """
UPDATE repo SET tags = (SELECT count(*) FROM tag WHERE repo_id = id),
    bytes = (SELECT sum(length(body)) FROM manifest WHERE repo_id = id)
    + (SELECT sum(size) FROM repo_blob JOIN blob USING (digest) WHERE repo_id = id)
""",
)
