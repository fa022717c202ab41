"""Reads a page saved from a site: the article without the site around it, its facts kept as meta."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText
from flows.letters.reading.encoding import decode
from flows.letters.rules.load import load_table

NAME, VERSION = "html", "1"
# fmt: off
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "ol", "p", "pre", "section", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "ul",
])
_UNSEEN = frozenset([
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "select", "textarea",
    "button", "input", "head", "nav", "footer", "audio", "video", "map", "canvas", "del",
])
# fmt: on
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em)?\s*(?:;|$)|mso-hide\s*:\s*all")
_WHITE = re.compile(r"[ \t\r\n\x0b\x0c]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_DATED = re.compile(r"(?:\d{4}|[一二〇○0]{2}[一二三四五六七八九〇○0]{2})\s*年\s*[\d一二三四五六七八九十]{1,2}\s*月")
_SENTENCE = re.compile(r"[，。；：,;:]")
_CELL_OF_TEXT = 60
_DEEPEST = 200  # no page that people read nests deeper; lexbor itself takes any depth


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per paragraph, heading or table row of the article."""
    text, encoding, problems = _decoded(data, name)
    return read_page(text, name, f"text/html; charset={encoding}", problems)


def read_page(text: str, name: str, media_type: str, problems: tuple[Problem, ...] = ()) -> SourceText:
    """The same for a page that is decoded already, as in a mail."""
    tree = LexborHTMLParser(text)
    body = tree.body
    if body is None or not _HAN.search(body.text()):
        raise UnreadableLetter(f"{name}: the page holds no Chinese text; save the whole article again", found="no text")
    article = _article(tree, body)
    rows = [row for row in _rows(article) if row.strip()]
    if not rows:
        raise UnreadableLetter(f"{name}: the page shows no text; save the whole article again", found="no text")
    title = _title(tree)
    if title and not _squeezed("".join(rows[:8])).count(_squeezed(title)):
        rows = [title, *rows]
    lines = tuple(Line(text=row, page=1) for row in rows)
    meta = _meta(tree, body)
    if any(_HAN.search(node.text()) for node in article.css("del")):
        problems = (*problems, Problem("text_not_shown", "网页含修订删除的文字，未读入，请核对是否为定稿"))
    return SourceText(lines, Reader(NAME, VERSION), media_type, meta=meta, problems=problems, paragraphs=True)


def _decoded(data: bytes, name: str) -> tuple[str, str, tuple[Problem, ...]]:
    """A page cut within a character, or with a few broken bytes, is read; the loss becomes a problem."""
    try:
        return *decode(data, name), ()
    except UnreadableLetter:
        for encoding in ("utf-8", "gb18030"):
            text = data.decode(encoding, errors="replace")
            if text.count("\ufffd") <= max(2, len(text) // 200):
                return text, encoding, (Problem("characters_damaged", "网页中有个别字节损坏，请核对原件"),)
        raise


def _article(tree: LexborHTMLParser, body: LexborNode) -> LexborNode:
    """The innermost known container that holds enough of the running text, else where the text is densest."""
    whole = _running(body)
    rules = load_table("reading")
    for selectors, share in ((rules["article"], 0.35), (rules["article_perhaps"], 0.6)):
        for selector in selectors:
            holding = [node for node in tree.css(selector) if _running(node) >= share * whole]
            if holding:
                return _with_signature(min(holding, key=lambda node: len(node.text())))
    return _densest(body)


def _densest(node: LexborNode) -> LexborNode:
    for _ in range(_DEEPEST):
        size = _running(node)
        below = [child for child in _elements(node) if any(True for _ in _blocks_of(child))]
        inner = next((child for child in below if _running(child) >= 0.9 * size), None)
        if inner is None or inner.tag in ("table", "tbody", "tr") or _with_signature(inner) is not inner:
            return node
        node = inner
    return node


def _with_signature(node: LexborNode) -> LexborNode:
    """The element, or its parent where the signature with its date stands beside the text, not in it."""
    after = node.next
    while after is not None:
        text = after.text() if after.tag not in _UNSEEN else ""
        if _DATED.search(text) and len(text) < 200 and not after.css("a") and node.parent is not None:
            return node.parent
        after = after.next
    return node


def _running(node: LexborNode) -> int:
    """Characters of sentences outside links: menus and lists of links count for nothing."""
    if node.tag in _UNSEEN:
        return 0
    total = len(_HAN.findall(node.text())) if _SENTENCE.search(node.text()) else 0
    return total - sum(len(_HAN.findall(link.text())) for link in node.css("a,script,style")) if total else 0


def _elements(node: LexborNode) -> Iterator[LexborNode]:
    return (child for child in node.iter() if child.tag not in _UNSEEN)


def _blocks_of(node: LexborNode) -> Iterator[LexborNode]:
    return (child for child in _elements(node) if child.tag in _BLOCKS)


def _rows(node: LexborNode) -> list[str]:
    """The text of an element, one entry a block, row or line break."""
    out = [""]
    _walk(node, out, 0)
    return [_tidy(row) for row in out]


def _walk(node: LexborNode, out: list[str], depth: int) -> None:
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag == "-text":
            out[-1] += _WHITE.sub(" ", child.text(deep=False) or "")
        elif tag == "br":
            out.append("")
        elif tag in _UNSEEN or _is_hidden(child) or depth > _DEEPEST:
            continue
        elif tag == "tr":
            out += [*_entries(child, depth), ""]
        elif tag in _BLOCKS:
            out.append("")
            _walk(child, out, depth + 1)
            out.append("")
        else:
            _walk(child, out, depth + 1)


def _entries(row: LexborNode, depth: int) -> list[str]:
    """Entries side by side become one line; a cell that holds running text keeps its paragraphs."""
    lines: list[str] = []
    entries: list[str] = []
    for cell in row.iter():
        inner = [""]
        _walk(cell, inner, depth + 1)
        written = [text for text in map(_tidy, inner) if text.strip()]
        if len(written) > 1 and sum(map(len, written)) > _CELL_OF_TEXT:
            lines += [" | ".join(entries), *written] if any(entries) else written
            entries = []
        else:
            entries.append("".join(text.strip() for text in written))
    return [*lines, " | ".join(entries)] if any(entries) else lines


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return "hidden" in attributes or bool(_HIDDEN.search((attributes.get("style") or "").lower()))


def _tidy(row: str) -> str:
    """Leading full-width blanks stay as indent; the blanks of the source's layout go."""
    return row.strip(" \t\r\n").rstrip("\u3000\u00a0")


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _title(tree: LexborHTMLParser) -> str | None:
    for node in tree.css("meta"):
        if (node.attributes.get("name") or "").lower() == "articletitle" and node.attributes.get("content"):
            return _WHITE.sub(" ", node.attributes["content"] or "").strip()
    for selector in load_table("reading")["heading"]:
        for node in tree.css(selector):
            text = _WHITE.sub(" ", node.text()).strip()
            if len(_HAN.findall(text)) >= 6 and len(text) <= 120:
                return text
    return None


@cache
def _labels() -> re.Pattern[str]:
    either = "|".join(row["label"] for row in load_table("reading")["meta"])
    return re.compile(rf"[\s\[【•·]*(?P<label>{either})(?=[\s\]】:：]|$)[\s\]】]*(?P<colon>[:：]?)\s*(?P<value>.{{0,200}})")


def _meta(tree: LexborHTMLParser, body: LexborNode) -> tuple[tuple[str, str], ...]:
    """(label, value) from <meta> and from the table or list of facts above the article."""
    found: dict[str, str] = {}
    for node in tree.css("meta"):
        label, value = node.attributes.get("name"), (node.attributes.get("content") or "").strip()
        if label and value and _HAN.search(value):
            found.setdefault(label, value[:500])
    for node in body.css("td,th,li,dt,dd,span,b,strong,label,p,div"):
        if node.tag in ("div", "p") and any(True for _ in node.iter()):
            continue
        text = _WHITE.sub(" ", node.text()).strip()
        text = text if len(text) < 300 else ""
        hit = _labels().fullmatch(text) if text else None
        if hit is None:
            continue
        value = hit["value"].strip() if hit["colon"] else ""
        if not value and not hit["value"]:
            following = _next_element(node)
            value = _WHITE.sub(" ", following.text()).strip() if following is not None else ""
        if value and len(value) <= 200 and not _labels().fullmatch(value):
            found.setdefault(_squeezed(hit["label"]), value)
    return tuple(found.items())


def _next_element(node: LexborNode) -> LexborNode | None:
    after = node.next
    while after is not None and after.tag == "-text":
        after = after.next
    return after
