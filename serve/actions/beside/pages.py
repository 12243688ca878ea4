"""What is read of an HTML page: its title and its text, block by block; no scripts, styles or comments.

One pass in time proportional to the page, whatever stands in it (the standard library's parser is quadratic in the number
of tags that are never closed). A ``>`` inside an attribute ends the tag early: some of the attribute is then read as text.
"""

from __future__ import annotations

import re
from html import unescape

_SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "textarea", "select"})
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "title"),
        *("tr", "ul"),
    }
)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,31})")


def text_of(html: str) -> str:
    """Lines without needless space. Takes any text: HTML is never wrong."""
    lines = (" ".join(unescape(line).split()) for line in "".join(_pieces(html)).split("\n"))
    return "\n".join(line for line in lines if line)


def _pieces(html: str) -> list[str]:
    lower, found, at = html.lower(), [], 0
    if len(lower) != len(html):
        lower = html  # some letters grow when they are made small; tags in capitals are then kept as they are
    while (start := html.find("<", at)) >= 0:
        found.append(html[at:start].replace("\n", " "))
        if html.startswith("<!--", start):
            end = html.find("-->", start + 4)
            at = end + 3
        else:
            tag = _TAG.match(html, start)
            if tag is None and html[start + 1 : start + 2] not in ("!", "?"):
                found.append("<")
                at = start + 1
                continue
            name = tag[1].lower() if tag else ""
            end = html.find(">", start)
            if end >= 0 and name in _SKIPPED and html[start + 1] != "/":
                end = lower.find(f"</{name}", end)
                end = html.find(">", end) if end >= 0 else -1
            if name in _BLOCKS:
                found.append("\n")
            at = end + 1
        if end < 0:
            return found
    found.append(html[at:].replace("\n", " "))
    return found
