"""Go templates, as far as they are understood: what docker's and skopeo's users write."""

from __future__ import annotations

import pytest

from boxship.cli.template import Template
from boxship.errors import InvalidInput

IMAGE: dict[str, object] = {
    "digest": "sha256:1",
    "media_type": "m",
    "labels": {"team": "a", "b.c": "d"},
    "env": ["A=1", "B=2"],
    "layers": [{"digest": "x", "size": 3}, {"digest": "y", "size": 4}],
    "empty_layer": False,
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{.Digest}}", "sha256:1"),
        ("{{ .digest }} is {{.MediaType}}", "sha256:1 is m"),
        ("{{.}}x", "map[digest:sha256:1"),
        ("{{.Labels}}", "map[b.c:d team:a]"),
        ("{{json .Labels}}", '{"team":"a","b.c":"d"}'),
        ('{{index .Labels "b.c"}}', "d"),
        ('{{index .Labels "none"}}', ""),
        ("{{index .Env 1}}", "B=2"),
        ('{{join .Env ", "}}', "A=1, B=2"),
        ("{{.Env}}", "[A=1 B=2]"),
        ("{{len .Layers}}", "2"),
        (r"{{range .Layers}}{{.Digest}}\t{{.Size}}\n{{end}}", "x\t3\ny\t4\n"),
        (r'{{range .Layers}}{{.Digest}}{{"\n"}}{{end}}', "x\ny\n"),
        ("{{range .None}}x{{else}}none{{end}}", "none"),
        ("{{range .Labels}}{{.}};{{end}}", "a;d;"),
        ("{{if .Labels.team}}yes{{else}}no{{end}}{{if .EmptyLayer}}yes{{end}}", "yes"),
        ("a {{- .Digest -}} b", "asha256:1b"),
        ("{{.None}}{{/* said */}}", "<no value>"),
        ("{{.Digest.None}}", "<no value>"),
        ("{{.EmptyLayer}}", "false"),
        ("no action", "no action"),
    ],
)
def test_a_template_is_rendered(template: str, expected: str) -> None:
    made = Template(template).render(IMAGE)
    assert made.startswith(expected) if template.startswith("{{.}}") else made == expected


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{range .Layers}}", "range has no end"),
        ("{{end}}", "end ends nothing"),
        ("{{Digest}}", "'Digest' is no field"),
        ("{{printf .Digest 1}}", "nothing that is known"),
        ("{{.Digest | json}}", "nothing that is known"),
        ("{{json .A .B}}", "json takes 1 words"),
        ("{{if}}{{end}}", "here is no field"),
    ],
)
def test_what_is_none_is_said(template: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        Template(template)
