"""The source of boxship holds to the rules of `architecture`, and each rule can fail."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.architecture import MODULE_RULES, Module, cycles, read_modules

MODULES = read_modules()

HEAD = '"""What it owns."""\n\nfrom __future__ import annotations\n\n__all__ = ["x"]\n\n'


@pytest.mark.parametrize("rule", MODULE_RULES)
def test_every_module_holds_to(rule: str) -> None:
    complaints = [f"{module.name} {why}" for module in MODULES for why in MODULE_RULES[rule](module)]
    assert complaints == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert list(cycles(MODULES)) == []


@pytest.mark.parametrize("name", [module.name for module in MODULES])
def test_every_module_can_be_imported(name: str) -> None:
    import_module(name)


WRONG = [
    ("storeys", "boxship.digest", "from boxship.spec.descriptor import Descriptor"),
    ("storeys", "boxship.spec.index", "def f():\n    import boxship.wire.routes"),
    ("storeys", "boxship.connect.race", "if TYPE_CHECKING:\n    from boxship.client import Client"),
    ("storeys", "boxship.store", "from boxship import image"),
    ("storeys", "boxship.aio", "from boxship.server import create_app"),
    ("storeys", "boxship.server.app", "from boxship.errors import E\nfrom boxship.settings.hosts import Site"),
    ("storeys", "boxship.web.page", "from boxship.cli.main import main"),
    ("storeys", "boxship.client", "from boxship.testing import registry"),
    ("storeys", "boxship.testing", "from boxship.cli.main import main"),
    ("storeys", "boxship.drawing", ""),
    ("storeys", "boxship.cli.main", "from boxship import Client"),
    ("storeys", "boxship.cli.main", "import boxship"),
    ("storeys", "boxship.wire.links", "from .routes import BASE"),
    ("storeys", "boxship.wire.links", "from . import routes"),
    ("storeys", "boxship", "from boxship.client import Client"),
    ("length", "boxship.digest", "\n" * 400),
    ("names", "boxship.wire.utils", ""),
    ("names", "boxship.wire.common.links", ""),
    ("light", "boxship.cli.console", "from rich.table import Table"),
    ("light", "boxship.server.running.serve", "try:\n    import granian\nexcept ImportError:\n    pass"),
    ("light", "boxship.cli.console", "if TYPE_CHECKING:\n    pass\nelse:\n    import rich"),
    ("any_type", "boxship.wire.links", "from typing import Any"),
    ("any_type", "boxship.wire.links", "import typing\nx: typing.Any"),
    ("any_type", "boxship.wire.links", "x: dict[str, Any]"),
]


@pytest.mark.parametrize(
    ("rule", "name", "text"), WRONG, ids=[f"{rule}-{number}" for number, (rule, *_) in enumerate(WRONG)]
)
def test_a_wrong_module_is_found(rule: str, name: str, text: str) -> None:
    module = Module(name, HEAD + text)
    assert len(list(MODULE_RULES[rule](module))) == 1
    assert [other for other in MODULE_RULES if other != rule and list(MODULE_RULES[other](module))] == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("docstring", HEAD.split("\n\n", 1)[1]),
        ("docstring", ""),
        ("declares_all", HEAD.replace("__all__", "__none__")),
        ("annotations", HEAD.replace("annotations", "division")),
    ],
)
def test_a_module_without_its_opening_is_found(rule: str, text: str) -> None:
    assert len(list(MODULE_RULES[rule](Module("boxship.digest", text)))) == 1


RIGHT = [
    ("boxship.digest", "from boxship.errors import InvalidReference"),
    ("boxship.wire.routes", "import json\nfrom boxship import media_type\nfrom boxship.spec.fields import Fields"),
    ("boxship.wire.message", "from boxship import __version__"),
    ("boxship.graph", "from boxship.store import Store"),
    ("boxship.server.app", "from boxship.server.asgi import Scope\nfrom boxship.wire import routes"),
    ("boxship.server.asgi", "from typing import Any\nx: Any"),
    ("boxship.server.running.serve", "def serve():\n    from granian import Granian"),
    ("boxship.cli.console", "if TYPE_CHECKING:\n    from rich.table import Table"),
    ("boxship.cli.commands.demo", "from boxship.testing import registry\nfrom boxship.web.page import page"),
    ("boxship.testing.fleet", "from boxship.client import Client\nfrom boxship.server import create_app"),
    ("boxship", "if TYPE_CHECKING:\n    from boxship.client import Client"),
]


@pytest.mark.parametrize(("name", "text"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_right_module_is_left_alone(name: str, text: str) -> None:
    module = Module(name, HEAD + text)
    assert [why for rule in MODULE_RULES.values() for why in rule(module)] == []


def test_a_program_to_run_needs_no_all_and_an_empty_package_only_its_docstring() -> None:
    main = Module("boxship.server.__main__", HEAD.replace("__all__", "__none__"))
    package = Module("boxship.wire", '"""What it owns."""\n')
    assert [why for module in (main, package) for rule in MODULE_RULES.values() for why in rule(module)] == []


@pytest.mark.parametrize(
    "text", ["from boxship.wire.b import y", "from boxship.wire import b", "import boxship.wire.b"]
)
def test_a_circle_is_found(text: str) -> None:
    circle = [Module("boxship.wire.a", text), Module("boxship.wire.b", "def f():\n    from boxship.wire.a import x")]
    (complaint,) = cycles(circle)
    assert complaint.count(" -> ") == 2
    assert list(cycles([circle[0], Module("boxship.wire.b", "")])) == []


def test_a_package_that_imports_its_modules_makes_no_circle_unless_they_import_it() -> None:
    package, module = Module("boxship.wire", "from boxship.wire.a import x"), Module("boxship.wire.a", "")
    assert list(cycles([package, module])) == []
    assert list(cycles([package, Module("boxship.wire.a", "from boxship.wire import x")])) != []


def test_modules_are_named_by_their_place(tmp_path: Path) -> None:
    (tmp_path / "boxship" / "wire").mkdir(parents=True)
    for path in ("boxship/__init__.py", "boxship/wire/__init__.py", "boxship/wire/links.py"):
        (tmp_path / path).touch()
    assert [module.name for module in read_modules(tmp_path)] == ["boxship", "boxship.wire", "boxship.wire.links"]
