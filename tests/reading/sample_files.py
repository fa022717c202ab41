"""Makes the files an office would send from the text of a letter; fonts come with the environment."""

from __future__ import annotations

import io
import random
import re
import zipfile
from email.message import EmailMessage
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn

from flows.letters.mending import mend
from flows.letters.reading import txt

LETTERS = Path(__file__).resolve().parents[1] / "letters" / "dev"
FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
SERIF = FONTS / "NotoSerifSC-Regular.otf"


def clean_text(stem: str) -> str:
    """The letter as its author wrote it, one paragraph a line, nothing of the page or site around it."""
    clean = LETTERS / f"{stem}.clean.txt"
    path = clean if clean.exists() else LETTERS / f"{stem}.txt"
    return mend(txt.read(path.read_bytes(), path.name)).text


def squeezed(text: str) -> str:
    """Without white space, for comparing."""
    return re.sub(r"\s+", "", text)


def _html_rows(text: str) -> str:
    rows = []
    for row in text.split("\n"):
        row = row.replace("&", "&amp;").replace("<", "&lt;")
        centred = len(row) < 34 and not re.search(r"[：。；，]", row) and len(rows) < 6
        rows.append(f'<p class="{"t" if centred else "b"}">{row}</p>')
    return "\n".join(rows)


def weasy_pdf(text: str) -> bytes:
    """Official layout (A4, 16 pt, 28 lines indented) with page numbers, embedded CID font."""
    import weasyprint

    page = f"""<style>@font-face{{font-family:S;src:url({SERIF.as_uri()})}}
    @page{{size:A4;margin:37mm 26mm 35mm 28mm;@bottom-center{{content:"— " counter(page) " —";font-family:S}}}}
    body{{font-family:S;font-size:16pt;line-height:28pt;text-align:justify}}p{{margin:0}}.b{{text-indent:2em}}
    .t{{text-align:center;font-size:18pt}}</style><body>{_html_rows(text)}</body>"""
    return bytes(weasyprint.HTML(string=page).write_pdf())


def typst_pdf(text: str) -> bytes:
    """The same through another producer: TrueType subset made from the same outlines."""
    import json

    import typst

    source = (
        '#set page(paper:"a4",margin:(top:37mm,bottom:35mm,left:28mm,right:26mm),numbering:"— 1 —")\n'
        '#set text(font:"Noto Serif SC",size:16pt,lang:"zh")\n'
        "#set par(justify:true,first-line-indent:(amount:2em,all:true),leading:12pt)\n"
        "#for row in json(bytes(sys.inputs.rows)) { par(row) }\n"
    )
    rows = json.dumps(text.split("\n"), ensure_ascii=False)
    return bytes(
        typst.compile(source.encode(), sys_inputs={"rows": rows}, font_paths=[str(FONTS)], ignore_system_fonts=True)
    )


def cid_pdf(text: str) -> bytes:
    """reportlab with STSong-Light, a font that is named and not embedded, as old official PDFs do."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    if "STSong-Light" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    rows = [row for paragraph in text.split("\n") for row in wrapped("\u3000\u3000" + paragraph, 28)]
    for number, start in enumerate(range(0, len(rows), 22), start=1):
        canvas.setFont("STSong-Light", 16)
        for i, row in enumerate(rows[start : start + 22]):
            canvas.drawString(79, 737 - 28 * i, row)
        canvas.setFont("STSong-Light", 12)
        canvas.drawCentredString(297, 60, f"- {number} -")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def wrapped(text: str, width: int) -> list[str]:
    """Cut as typesetting does: no closing mark begins a line."""
    rows, row = [], ""
    for char in text:
        full = sum(1 if ord(c) > 0x2000 else 0.5 for c in row + char) > width
        if full and char not in "，。、；：！？）》”’":
            rows.append(row)
            row = ""
        row += char
    return [*rows, row]


def docx_file(text: str) -> bytes:
    import docx

    document = docx.Document()
    for row in text.split("\n"):
        if " | " in row:
            cells = row.split(" | ")
            table = document.add_table(rows=1, cols=len(cells))
            for cell, entry in zip(table.rows[0].cells, cells, strict=True):
                cell.text = entry
        else:
            document.add_paragraph(row)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def site_page(text: str, encoding: str = "utf-8", label: str = "utf-8") -> bytes:
    """The letter in a government site's page: menus, table of facts, share buttons, related links, foot."""
    title, *rows = text.split("\n")
    body = "\n".join(f"<p style='text-indent:2em'>{row.replace('<', '&lt;')}</p>" for row in rows)
    return f"""<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset={label}">
<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="2024-05-06">
<title>{title}_某区人民政府</title>
<script>var a="<p>不应出现</p>";</script><style>p{{color:red}}</style></head><body>
<div class="head"><ul><li><a href="/">首页</a></li><li><a href="/zwgk">政务公开</a></li>
<li><a>互动交流</a></li></ul></div>
<div class="crumb">您现在的位置：<a>首页</a> &gt; <a>政务公开</a> &gt; <a>建议提案办理</a></div>
<table class="xxgk"><tr><td>索 引 号：</td><td>01234/2024-001</td><td>发文字号：</td><td>某教复〔2024〕9号</td></tr>
<tr><td>发布机构：</td><td>某区教育局</td><td>成文日期：</td><td>2024-05-06</td></tr></table>
<h1>{title}</h1><div class="info">发布时间：2024-05-08　来源：区教育局　浏览次数：<span>12</span></div>
<div id="zoom">{body}</div>
<div class="share">分享到：<a>微信</a><a>微博</a></div>
<div class="rel"><h3>相关阅读</h3><ul><li><a>我区将新建改建学校，办好人民满意的教育</a></li></ul></div>
<div class="foot">主办：某区人民政府办公室　承办：区大数据中心　某ICP备00000000号</div>
</body></html>""".encode(encoding)


def mail(text: str, *, attachments: tuple[tuple[str, bytes, str], ...] = (), charset: str = "utf-8") -> bytes:
    """A mail from an office; ``attachments`` are (file name, bytes, media type)."""
    message = EmailMessage()
    message["From"] = "某区教育局 <jyj@example.invalid>"
    message["To"] = "提案委 <tian@example.invalid>"
    message["Subject"] = "关于提案答复的函"
    message["Date"] = "Mon, 06 May 2024 09:30:00 +0800"
    message["Message-ID"] = "<1@example.invalid>"
    message.set_content(text, charset=charset)
    for name, data, kind in attachments:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def bundle(members: dict[str, bytes], *, stored: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@cache
def chosen(count: int = 20) -> tuple[str, ...]:
    """Stems of letters of many kinds, always the same."""
    stems = sorted({path.name.split(".")[0] for path in LETTERS.glob("*.txt")})
    return tuple(random.Random(7).sample(stems, count))  # noqa: S311 - a fixed choice, no secret


def cer(found: str, truth: str) -> float:
    """Edit distance over the length of the truth, white space left out."""
    a, b = squeezed(found), squeezed(truth)
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    before = list(range(len(b) + 1))
    for i, char in enumerate(a, start=1):
        row = [i]
        for j, other in enumerate(b, start=1):
            row.append(min(row[-1] + 1, before[j] + 1, before[j - 1] + (char != other)))
        before = row
    return before[-1] / max(1, len(squeezed(truth)))
