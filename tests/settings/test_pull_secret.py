"""Pull secrets: what is in them in every form that kubectl takes, and what is wrong, without a word of the content."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from boxship.errors import MissingExtra
from boxship.reference import Registry
from boxship.settings import pull_secret
from boxship.settings.pull_secret import Secrets, read_secrets

JSON, OLD = "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"
AUTHS = {"reg.corp": {"username": "ana", "password": "s3cr3t"}}
MARK = "s3cr3t"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(content: str = json.dumps({"auths": AUTHS}), **fields: object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "regcred", "namespace": "team"},
        "type": JSON,
        "data": {".dockerconfigjson": encoded(content)},
        **fields,
    }


OLD_SECRET = secret(type=OLD, data={".dockercfg": encoded(json.dumps(AUTHS))})
OTHER = {"kind": "Deployment", "metadata": {"name": "app"}}
PLAIN = secret(data={}, stringData={".dockerconfigjson": json.dumps({"auths": AUTHS})})


def users(secrets: Secrets) -> list[str]:
    return [entry.credential.username for entry in secrets.keyring.matching(Registry("reg.corp"), "app")]


FORMS: Mapping[str, str] = {
    "JSON": json.dumps(secret()),
    "YAML": yaml.safe_dump(secret()),
    "YAML, folded": f"kind: Secret\ntype: {JSON}\ndata:\n  .dockerconfigjson: >\n"
    + "".join(f"    {encoded(json.dumps({'auths': AUTHS}))[at : at + 20]}\n" for at in range(0, 100, 20)),
    "the old type": yaml.safe_dump(OLD_SECRET),
    "several documents": f"---\n{yaml.safe_dump_all([OTHER, secret()])}---\n",
    "a List": json.dumps({"kind": "List", "items": [OTHER, secret()]}),
    "a SecretList": yaml.safe_dump(
        {"kind": "SecretList", "items": [{name: field for name, field in secret().items() if name != "kind"}]}
    ),
    "stringData": yaml.safe_dump(PLAIN),
    "a byte order mark": f"\ufeff{json.dumps(secret())}",
    "YAML with braces": "{kind: Secret, "
    f"type: {JSON}, data: {{.dockerconfigjson: {encoded(json.dumps({'auths': AUTHS}))}}}}}",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_read_in_every_form(form: str) -> None:
    secrets = read_secrets(FORMS[form])
    assert (users(secrets), secrets.complaints) == (["ana"], ())


# What is wrong, and the word that says so.
WRONG: Mapping[str, tuple[str, str]] = {
    "nothing": ("", "empty"),
    "blank lines": ("---\n---\n", "empty"),
    "no object": (f"- {MARK}", "no Kubernetes object"),
    "a text": (MARK, "no Kubernetes object"),
    "no YAML": (f"a: b\n{MARK}: [", "no YAML and no JSON: line"),
    "a tab": (f"a:\n\t{MARK}: 1", "no YAML and no JSON: line 2"),
    "an undefined alias": (f"a: *{MARK}", "no YAML"),
    "another kind": (json.dumps({**OTHER, "x": MARK}), "of kind Deployment, not a Secret"),
    "no kind": (json.dumps({"auths": AUTHS}), "of no kind, not a Secret"),
    "Opaque": (json.dumps(secret(type="Opaque")), f"has to be {JSON}"),
    "no type": (json.dumps({k: v for k, v in secret().items() if k != "type"}), f"has to be {JSON}"),
    "an old one as Opaque": (json.dumps({**OLD_SECRET, "type": "Opaque"}), f"has to be {OLD}"),
    "no data": (json.dumps({k: v for k, v in secret().items() if k != "data"}), "has no .dockerconfigjson"),
    "another key": (json.dumps(secret(data={"config.json": encoded(MARK)})), "has no .dockerconfigjson"),
    "a number": (json.dumps(secret(data={".dockerconfigjson": 3})), "is no string"),
    "no base64": (json.dumps(secret(data={".dockerconfigjson": json.dumps(AUTHS)})), "not base64"),
    "bytes": (
        json.dumps(secret(data={".dockerconfigjson": base64.b64encode(b"\xff").decode()})),
        "not base64 of UTF-8",
    ),
    "empty": (json.dumps(secret("")), "is empty"),
    "no JSON in it": (json.dumps(secret(f'{{"auths": {MARK}')), "is not JSON"),
    "encoded twice": (json.dumps(secret(encoded(json.dumps({"auths": AUTHS})))), "is not JSON"),
    "auths of another kind": (json.dumps(secret(json.dumps({"auths": [MARK]}))), "should be an object"),
    "a bad auth": (json.dumps(secret(json.dumps({"auths": {"reg.corp": {"auth": encoded(MARK)}}}))), "no colon"),
    "nested": (json.dumps(secret("[" * 100_000)), "nested too deeply"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_and_nothing_of_the_content(what: str) -> None:
    text, words = WRONG[what]
    secrets = read_secrets(text)
    said = "; ".join(secrets.complaints)
    assert words in said
    assert users(secrets) == []
    for shown in (MARK, encoded(MARK)[:7]):
        assert shown not in f"{secrets!r}"


def test_one_that_is_wrong_does_not_hide_another() -> None:
    secrets = read_secrets(yaml.safe_dump_all([secret(type="Opaque"), secret(), OTHER]))
    assert (users(secrets), len(secrets.complaints), len(secrets.passed_over)) == (["ana"], 1, 1)


def test_without_pyyaml_json_is_read_and_yaml_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_secret, "find_spec", lambda _: None)
    assert users(read_secrets(FORMS["JSON"])) == ["ana"]
    assert read_secrets("{").complaints == ("it is no JSON",)
    with pytest.raises(MissingExtra) as caught:
        read_secrets(FORMS["YAML"])
    assert "pip install 'boxship[yaml]'" in caught.value.remedy


@given(st.text() | st.recursive(st.text() | st.none() | st.integers(), st.lists).map(yaml.safe_dump))
def test_no_text_brings_it_down(text: str) -> None:
    assert read_secrets(text).keyring.entries == ()


@given(st.binary())
def test_no_content_brings_it_down(content: bytes) -> None:
    written = secret(data={".dockerconfigjson": base64.b64encode(content).decode()})
    assert len(read_secrets(json.dumps(written)).complaints) <= 1
