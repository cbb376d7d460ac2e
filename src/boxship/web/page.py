"""What every page has in common: one file that asks nobody for anything, and words that nobody can break out of."""

from __future__ import annotations

__all__ = ["page", "text"]

from html import escape

from boxship.web.style import STYLE

# Whatever a word that was not escaped might do, no browser fetches or runs anything for it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(title: str, body: str) -> str:
    """The document: `title` is a text, `body` is HTML."""
    return _PAGE.format(policy=_POLICY, title=text(title), style=STYLE, body=body)


def text(words: object) -> str:
    """The words as HTML shows them, whoever's they are: no tag, no control character, no letter that turns the line."""
    shown = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in str(words))
    return escape(shown)
