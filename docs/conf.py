"""How the site is made of these pages, the parsers and the docstrings: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from boxship import __version__

sys.path.insert(0, str(Path(__file__).parent / "_site"))

project = "boxship"
project_copyright = "the boxship authors"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "commands", "docstrings"]
exclude_patterns = ["_site"]
html_theme = "furo"
html_title = f"boxship {__version__}"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 4  # what follows # in a link is the same here and where a repository's host shows the pages
myst_enable_extensions = ["deflist"]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
