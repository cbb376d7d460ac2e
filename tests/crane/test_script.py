"""A script as people write them around crane: with pipes, substitutions and loops. Its word for crane is a variable."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from tests.crane.stage import Stage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no bash")
SCRIPT = """
set -e
mkdir some && echo hi > some/file
crane append -f <(tar -f - -c some/) -t $NEW/a:1 | sed 's/@.*//'
crane append -b $AT/app:1 -f <(tar -czf - some/) -t $NEW/a:2 | sed 's/@.*//'
tar -cf some.tar some/ && crane mutate --append some.tar --label team=a -t $NEW/a:3 $AT/app:1 | sed 's/@.*//'
crane export $AT/app:1 - | tar -t
crane export $AT/app:1 | tar -xO app
for tag in $(crane ls $AT/base | sort -r); do echo "base $tag is $(crane digest $AT/base:$tag)"; done
crane config $AT/app:1 | grep -o '"Cmd":[^,]*'
layer=$(crane manifest $AT/app:1 | grep -o 'sha256:[0-9a-f]*' | tail -1)
crane blob $AT/app@$layer | sha256sum
crane copy $AT/app:1 $NEW/c && crane digest $NEW/c:latest
crane tag $NEW/c v1 && crane ls $NEW/c
crane index append -t $NEW/i:1 -m $AT/app:1 -m $AT/app:arm | sed 's/@.*//'
crane manifest $NEW/i:1 | grep -o '"architecture":"[a-z0-9]*"'
crane pull --format=oci $AT/app:multi layout && crane push layout $NEW/i:2
crane validate --remote=$NEW/i:2
crane digest --platform=linux/arm64 $NEW/i:2
if crane digest $NEW/c:nobody; then echo wrong; fi
if crane digest $NEW/c:v1 > /dev/null; then crane delete $(crane digest --full-ref $NEW/c:v1) > /dev/null; fi
crane digest $NEW/c:latest || echo gone
echo secret | crane auth login -u _json_key --password-stdin $AT > /dev/null
crane auth get <<< $AT | grep -o '"Secret": *"[a-z]*"' | tr -d ' '
crane auth logout $AT > /dev/null
crane auth get $AT || echo forgotten
"""
PRINTED = """\
{new}/a
{new}/a
{new}/a
app
also
etc/version
#!/bin/sh
base 2 is {base:2}
base 1 is {base:1}
"Cmd":["sh"]
{layer}  -
{app:1}
latest
v1
{new}/i
"architecture":"amd64"
"architecture":"arm64"
{new}/i@{app:multi}
PASS: {new}/i:2
{app:arm}
gone
"Secret":"secret"
credentials not found in native keychain
forgotten
"""


def test_a_script_runs_with_either(stage: Stage) -> None:
    part = stage.part("script")
    new = f"{part.at}/script"
    program = f'crane() {{ command {shlex.join(stage.program)} "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", program + SCRIPT],
        cwd=part.here,
        env={**os.environ, "AT": part.at, "NEW": new, "HOME": str(part.here)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    layer = part.digests["layer"].removeprefix("sha256:")
    assert done.stdout == part.fill(PRINTED.replace("{layer}", layer).replace("{new}", new))
