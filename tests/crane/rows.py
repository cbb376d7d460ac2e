"""What scripts ask crane for, verb by verb and flag by flag: lines that crane and boxship answer in the same way.

`recorded.json` has crane's answers; `python -m tests.crane.record` writes it anew, with the `crane` on PATH.
"""

from __future__ import annotations

__all__ = ["LISTING", "ROWS", "Row"]

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Lines, one after the other, and what is looked at afterwards."""

    lines: tuple[str, ...]
    digests: tuple[str, ...] = ()
    """References whose digest is the same."""
    configs: tuple[str, ...] = ()
    """References whose configuration says the same, in whatever order."""
    exact: bool = True
    """Whether the digests that are printed are crane's; or else any, where a layer is compressed anew."""


def _row(*lines: str, digests: tuple[str, ...] = (), configs: tuple[str, ...] = ()) -> Row:
    return Row(lines, digests, configs)


def _like(*lines: str, configs: tuple[str, ...] = ()) -> Row:
    """What is made has another digest, and says the same."""
    return Row(lines, configs=configs, exact=False)


def _made(line: str) -> Row:
    """What makes `{new}:1`, with crane's digest."""
    return _row(line, digests=("{new}:1",))


READING = {
    "ls": _row("ls {at}/app"),
    "ls --full-ref": _row("ls --full-ref {at}/app"),
    "ls -O": _row("tag {at}/app:1 sha256-00000000000000000000000000000000.sig", "ls -O {at}/app"),
    "ls --omit-digest-tags": _row("ls --omit-digest-tags {at}/app"),
    "ls of nothing": _row("ls {at}/nobody"),
    "digest": _row("digest {at}/app:1", "digest {at}/app:multi", "digest {at}/app@{app:1}"),
    "digest --full-ref": _row("digest --full-ref {at}/app:1"),
    "digest of nothing": _row("digest {at}/app:nobody"),
    "digest alone": _row("digest --full-ref --tarball some.tar"),
    "manifest": _row("manifest {at}/app:1", "manifest {at}/app:multi", "manifest {at}/app:nobody"),
    "config": _row("config {at}/app:1", "config {at}/app:nobody"),
    "blob": _row("blob {at}/app@{config}", "blob {at}/app@{app:1}"),
    "--platform": _row(
        "digest --platform linux/arm64 {at}/app:multi",
        "manifest --platform linux/arm64 {at}/app:multi",
        "config --platform linux/arm64 {at}/app:multi",
        "digest --platform linux/amd64 {at}/app:1",
        "digest --platform linux/s390x {at}/app:multi",
        "config --platform linux/s390x {at}/app:multi",
        "ls --platform linux/s390x {at}/base",
    ),
    "in front of the verb": _row(
        "--insecure digest {at}/app:1",
        "--platform linux/arm64 digest {at}/app:multi",
        "--platform=linux/arm64 --insecure digest {at}/app:multi",
        "--insecure index list {at}/app:multi",
        "-v digest {at}/app:1",
        "--verbose ls {at}/base",
    ),
    "validate": _row(
        "validate --remote {at}/app:1",
        "validate --remote {at}/app:multi",
        "validate --remote {at}/app:multi --platform linux/arm64",
        "validate --remote {at}/app:nobody",
    ),
    "validate --fast": _row("validate --fast --remote {at}/app:1"),
    "validate --tarball": _row(
        "pull {at}/app:1 app.tar",
        "validate --tarball app.tar",
        "validate --remote {at}/app:1 --tarball app.tar",
        "validate --tarball nobody.tar",
    ),
    "export": _row("export {at}/app:1 app.tar", "export {at}/app:nobody -"),
}

MOVING = {
    "tag": _row("tag {at}/app:2 tagged", digests=("{at}/app:tagged",)),
    "copy": _row("copy {at}/app:multi {new}:1", "ls {new}", digests=("{new}:1",)),
    "cp": _made("cp {at}/app:1 {new}:1"),
    "copy --platform": _made("copy --platform linux/arm64 {at}/app:multi {new}:1"),
    "copy -a": _row("copy -a {at}/base {new}", "ls {new}", digests=("{new}:1", "{new}:2")),
    "copy --all-tags --jobs": _row("cp --all-tags --jobs 2 {at}/base {new}", "ls {new}"),
    "copy -n": _row(
        "copy {at}/app:1 {new}:1",
        "copy -n {at}/app:2 {new}:1",
        "copy -n {at}/app:2 {new}:2",
        "copy -a -n -j 2 {at}/app {new}",
        digests=("{new}:1", "{new}:2", "{new}:arm"),
    ),
    "copy --no-clobber": _row("copy --no-clobber {at}/app:1 {new}:1", digests=("{new}:1",)),
    "copy of what may not be distributed": _row(
        "copy {at}/app:foreign {new}:1", "blob {new}@{foreign}", digests=("{new}:1",)
    ),
    "copy --allow-nondistributable-artifacts": _row(
        "copy --allow-nondistributable-artifacts {at}/app:foreign {new}:1",
        "blob {new}@{foreign}",
        "--allow-nondistributable-artifacts copy {at}/app:foreign {new}-too:1",
        "blob {new}-too@{foreign}",
        digests=("{new}:1",),
    ),
    "pull": _row("pull {at}/app:1 {at}/app:2 app.tar", "pull {at}/app:nobody other.tar", "pull {at}/app:1"),
    "pull -c": _row("pull -c cache {at}/app:1 app.tar", "pull --cache_path cache {at}/app:1 again.tar"),
    "pull --format oci": _row(
        "pull --format oci {at}/app:multi layout", "index list layout", "push layout {new}:1", digests=("{new}:1",)
    ),
    "pull --format oci --platform": _row(
        "pull --format oci --platform linux/arm64 {at}/app:multi layout", "push layout {new}:1", digests=("{new}:1",)
    ),
    "pull --annotate-ref": _row(
        "pull --format oci --annotate-ref {at}/app:1 layout",
        "pull --format oci {at}/app:2 layout",
        "index list layout",
        "push layout {new}:1",
    ),
    "pull --format tarball": _row(
        "pull --format tarball {at}/app:1 app.tar", "pull --format=legacy {at}/app:1 old.tar"
    ),
    "pull --format nonsense": _row("pull --format nonsense {at}/app:1 app.tar"),
    "push --image-refs": _row(
        "pull --format oci {at}/app:1 layout", "push layout {new}:1 --image-refs refs", digests=("{new}:1",)
    ),
    "push --index": _like(
        "index append ./layout -m {at}/app:1 -m {at}/app:arm",
        "push layout {new}:1",
        "push layout {new}:1 --index",
        "index list {new}:1",
    ),
    "push of an archive": _like("pull {at}/app:2 app.tar", "push app.tar {new}:1", configs=("{new}:1",)),
    "push of nothing": _row("push nobody.tar {new}:1"),
}

CHANGING = {
    "mutate -l": _made("mutate {at}/app:1 -l z=1 -l a=b,c=d --label one=two -t {new}:1"),
    "mutate -a": _made("mutate {at}/app:1 -a n=1 --annotation m=2 --tag {new}:1"),
    "mutate -e": _made("mutate {at}/app:1 -e A=b=c --env OLD=2 -t {new}:1"),
    "mutate --entrypoint": _like('mutate {at}/app:1 --entrypoint "\\"/a,b\\",c" -t {new}:1', configs=("{new}:1",)),
    "mutate --cmd": _made("mutate {at}/app:1 --cmd a,b --cmd c -t {new}:1"),
    "mutate --user": _made("mutate {at}/app:1 -u me -w /w --exposed-ports 90/tcp,80/udp -t {new}:1"),
    "mutate --workdir": _made("mutate {at}/app:1 --user me --workdir /w -t {new}:1"),
    "mutate --set-platform": _made("mutate {at}/app:1 --set-platform linux/arm/v7 -t {new}:1"),
    "mutate --append": _like(
        "mutate {at}/app:1 --append layer.tar.gz,layer.tar -t {new}:1",
        "validate --remote {new}:1",
        configs=("{new}:1",),
    ),
    "mutate --output": _like(
        "mutate {at}/app:1 -l a=b -o app.tar -t {new}:1", "push app.tar {new}:2", configs=("{new}:2",)
    ),
    "append": _like(
        "append -b {at}/app:1 -f layer.tar.gz -t {new}:1", "validate --remote {new}:1", configs=("{new}:1",)
    ),
    "append of several": _like(
        "append --base {at}/app:1 --new_layer layer.tar.gz,layer.tar --new_tag {new}:1",
        "append -b {at}/app:1 -f layer.tar.gz -f layer.tar -t {new}:2",
        configs=("{new}:1", "{new}:2"),
    ),
    "append to nothing": _like("append --oci-empty-base -f layer.tar -t {new}:1", "validate --remote {new}:1"),
    "append --output": _like("append -b {at}/app:1 -f layer.tar -t {new}:1 -o app.tar", "validate --tarball app.tar"),
    "append --set-base-image-annotations": _like(
        "append -b {at}/base:1 --set-base-image-annotations -f layer.tar -t {new}:1",
        "rebase {new}:1 --new_base {at}/base:2",
    ),
    "append -o": _like("append -b {at}/app:1 -f layer.tar -t {new}:1 --output app.tar", "validate --tarball app.tar"),
    "append wrongly": _row("append -f layer.tar", "append -t {new}:1", "append -f nobody.tar -t {new}:1"),
    "mutate --repo": _row(
        "mutate {at}/app:1 --repo {new} -l a=b", "ls {new}", "mutate {at}/app:1 --repo {new} -t {new}:1 -l a=b"
    ),
    "mutate -o": _like("mutate {at}/app:1 -l a=b --output app.tar -t {new}:1", "validate --tarball app.tar"),
    "mutate --platform": _made("mutate {at}/app:multi --platform linux/arm64 -l a=b -t {new}:1"),
    "mutate in its place": _row(
        "copy {at}/app:1 {new}:1", "mutate {new}:1 -l a=b", "mutate {new}@{app:1} -l c=d", digests=("{new}:1",)
    ),
    "mutate of nothing": _made("mutate {at}/app:1 -t {new}:1"),
    "mutate wrongly": _row("mutate {at}/app:1 -l a -t {new}:1", "mutate {at}/app:1 -e A -t {new}:1"),
    "rebase": _like(
        "rebase {at}/app:1 --old_base {at}/base:1 --new_base {at}/base:2 -t {new}:1",
        "rebase {at}/app:1 --old_base {at}/base:1 --new_base {at}/base:2 --rebased {new}:2",
        "validate --remote {new}:1",
        "rebase {at}/app:2 --new_base {at}/base:2 -t {new}:3",
        "rebase {at}/app:1 --old_base {at}/base:2 --new_base {at}/base:1 -t {new}:3",
        "ls {new}",
    ),
    "rebase by annotations": _like("rebase {at}/based:1 --tag {new}:1", "validate --remote {new}:1"),
    "flatten": _like(
        "flatten {at}/app:2 -t {new}:1",
        "flatten {new}:1",
        "flatten {at}/base@{base:1} --tag {at}/base@{base:1}",
        "validate --remote {new}:1",
        "ls {new}",
        "flatten {at}/app:nobody -t {new}:2",
    ),
    "index list": _row("index list {at}/app:multi", "index list {at}/app:1", "index list ./nobody"),
    "index filter": _made("index filter {at}/app:multi --platform linux/arm64 -t {new}:1"),
    "index filter by system": _made("index filter {at}/app:multi --platform linux -t {new}:1"),
    "index filter --tag": _made(
        "index filter {at}/app:multi --platform linux/arm64 --platform linux/amd64 --tag {new}:1"
    ),
    "index filter in its place": _row("index filter {at}/app@{app:multi} --platform linux/amd64"),
    "index filter of an image": _row("index filter {at}/app:1 --platform linux/amd64 -t {new}:1"),
    "index append --flatten": _made("index append -m {at}/app:multi --flatten=false -t {new}:1"),
    "index append": _like(
        "index append --manifest {at}/app:1,{at}/app:arm --tag {new}:1",
        "index list {new}:1",
        "index append {new}:1 -m {at}/base:1 -t {new}:2",
        "index list {new}:2",
        "index append {new}:2 {at}/base:2",
        "index list {new}:2",
        "validate --remote {new}:2",
    ),
    "index append --docker-empty-base": _like(
        "index append --docker-empty-base -m {at}/app:1 -t {new}:1", "index list {new}:1"
    ),
    "index append to a layout": _row(
        "index append ./layout -m {at}/app:1",
        "index append ./layout -m {at}/app:multi --flatten=false {at}/base:1",
        "index list ./layout",
        "index append layout -m {at}/app:arm",
        "index list layout",
    ),
    "index append to an image": _row("index append {at}/app:1 -m {at}/app:2 -t {new}:1", "index append -m {at}/app:1"),
}

OTHERS = {
    "auth get": _row("auth get {at}", "auth get <<< {at}"),
    "layout gc": _row(
        "pull --format oci {at}/app:1 layout", "layout gc layout", "push layout {new}:1", digests=("{new}:1",)
    ),
    "no verb": _row("frobnicate", "ls --frobnicate {at}/app", "tag {at}/app:1"),
}

# What tells of all that is in a registry, and so of what other rows have put there.
LISTING = {
    "catalog": _row("catalog {at}"),
    "catalog --full-ref": _row("catalog --full-ref {at}"),
}

ROWS: Mapping[str, Row] = {**LISTING, **READING, **MOVING, **CHANGING, **OTHERS}
