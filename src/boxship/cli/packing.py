"""What `artifact push` and `artifact attach` have in common: files, and what is said of them."""

from __future__ import annotations

__all__ = ["Said", "add_files", "said"]

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from boxship.artifact.given import STDIN, TITLE, Given, checked_type
from boxship.cli import moving, named
from boxship.cli.words import pairs
from boxship.errors import InvalidInput, InvalidSettings
from boxship.spec.fields import Malformed, parse_object
from boxship.value import replace

_MANIFEST, _CONFIG = "$manifest", "$config"  # oras' words for what is no file


class Said(TypedDict):
    """What the options say, in the words of `Client.push_artifact` and `attach`."""

    files: Sequence[Given]
    artifact_type: str
    config: Given | None
    annotations: Mapping[str, str]
    config_annotations: Mapping[str, str]
    created: str
    jobs: int


def add_files(parser: argparse.ArgumentParser, *, typed: bool) -> None:
    """Add the files, and what can be said of them; `typed` where it has to be said what they are together."""
    parser.add_argument(
        "--artifact-type", required=typed, default="", metavar="TYPE", help="what it is, as a media type"
    )
    parser.add_argument("files", nargs="*", metavar="PATH[:TYPE]", help="files with their media types, folders, or -")
    parser.add_argument("-a", "--annotation", action="append", default=[], metavar="NAME=VALUE", help="said of it")
    parser.add_argument(
        "--annotation-file",
        type=named.file,
        metavar="FILE",
        help="annotations of files, of $manifest and of $config, as JSON",
    )
    parser.add_argument("--config-file", type=_config, metavar="PATH[:TYPE]", help="a file as its configuration")
    parser.add_argument("--media-type", default="", metavar="TYPE", help="of files that none is written with, as of -")
    parser.add_argument("--title", default="", metavar="NAME", help="what standard input is called")
    parser.add_argument(
        "--created", default="", metavar="TIME|now", help="when it was made (default: SOURCE_DATE_EPOCH, or nothing)"
    )
    moving.add_moving(parser, platforms=False)


def said(chosen: argparse.Namespace) -> Said:
    """What the options say."""
    told = _told(chosen.annotation_file) if chosen.annotation_file else {}
    files = [_annotated(Given.parse(text), told, chosen) for text in chosen.files]
    own = {name: value or "" for name, value in pairs(chosen.annotation, "--annotation").items()}
    unknown = sorted(told.keys() - {_MANIFEST, _CONFIG} - {file.path for file in files})
    if unknown:
        raise InvalidSettings(chosen.annotation_file, why=f"{unknown[0]} is none of the files")
    return Said(
        files=files,
        artifact_type=chosen.artifact_type,
        config=chosen.config_file,
        annotations={**told.get(_MANIFEST, {}), **own},
        config_annotations=told.get(_CONFIG, {}),
        created=chosen.created,
        jobs=chosen.jobs,
    )


def _config(text: str) -> Given:
    try:
        given = Given.parse(text)
    except InvalidInput as error:
        raise argparse.ArgumentTypeError(f"{error.what}: {error.why}") from error
    if given.path != STDIN:
        named.file(given.path)
    return given


def _annotated(file: Given, told: Mapping[str, Mapping[str, str]], chosen: argparse.Namespace) -> Given:
    annotations, kind = told.get(file.path, {}), file.media_type or chosen.media_type
    title = annotations.get(TITLE) or (chosen.title if file.path == STDIN else "")
    return replace(file, media_type=kind and checked_type(kind, "--media-type"), annotations=annotations, title=title)


def _told(path: str) -> Mapping[str, Mapping[str, str]]:
    try:
        fields = parse_object(Path(path).read_bytes())
        return {name: fields.mapping(name) for name in fields.values}
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read", why=(error.strerror or str(error)).lower()) from error
    except Malformed as error:
        remedy = f"it is written {json.dumps({_MANIFEST: {'name': 'value'}, 'sbom.json': {'name': 'value'}})}"
        raise InvalidSettings(path, why=str(error), remedy=remedy) from error
