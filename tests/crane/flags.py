"""Every verb of crane 0.21, with its flags, as its help has them."""

from __future__ import annotations

__all__ = ["ANYWHERE", "FLAGS", "told_by"]

import re
import subprocess
from collections.abc import Mapping, Sequence

FLAGS: Mapping[str, str] = {
    "append": "-b --base -f --new_layer -t --new_tag --oci-empty-base -o --output --set-base-image-annotations",
    "auth get": "",
    "auth login": "-p --password --password-stdin -u --username",
    "auth logout": "",
    "auth token": "-H --header -m --mount --push",
    "blob": "",
    "catalog": "--full-ref",
    "config": "",
    "copy": "-a --all-tags -j --jobs -n --no-clobber",
    "delete": "",
    "digest": "--full-ref --tarball",
    "edit config": "-t --tag",
    "edit fs": "-f --filename -t --tag",
    "edit manifest": "-m --media-type -t --tag",
    "export": "",
    "flatten": "-t --tag",
    "index append": "--docker-empty-base --flatten -m --manifest -t --tag",
    "index filter": "--platform -t --tag",
    "index list": "",
    "layout gc": "",
    "ls": "--full-ref -O --omit-digest-tags",
    "manifest": "",
    "mutate": "-a --annotation --append --cmd --entrypoint -e --env --exposed-ports -l --label -o --output --repo"
    " --set-platform -t --tag -u --user -w --workdir",
    "pull": "--annotate-ref -c --cache_path --format",
    "push": "--image-refs --index",
    "rebase": "--new_base --old_base --original --rebased -t --tag",
    "registry serve": "--address --disk",
    "tag": "",
    "validate": "--fast --remote --tarball",
    "version": "",
}
ANYWHERE = "--allow-nondistributable-artifacts --insecure --platform -v --verbose"
_FLAG = re.compile(r"^ +(?:(-\w), )?(--[\w-]+)", re.MULTILINE)


def told_by(program: Sequence[str], verb: str) -> str:
    """The flags that the program's help has for the verb."""
    done = subprocess.run([*program, *verb.split(), "--help"], capture_output=True, text=True, timeout=20, check=True)
    own = done.stdout.partition("Global Flags:")[0].rpartition("Flags:")[2]
    found = [flag for match in _FLAG.finditer(own) for flag in match.groups() if flag not in (None, "-h", "--help")]
    return " ".join(found)
