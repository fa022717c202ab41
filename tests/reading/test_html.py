"""Pages saved from sites: the article without the site, whatever the page says of its encoding."""

from __future__ import annotations

import pytest

from flows.letters.errors import UnreadableLetter
from flows.letters.reading import read
from flows.letters.rules.load import load_table
from tests.reading.sample_files import clean_text, site_page

TEXT = clean_text("010-jianghai-odor")


@pytest.mark.parametrize(
    ("encoding", "label"), [("utf-8", "utf-8"), ("gb18030", "gb2312"), ("gb18030", "utf-8"), ("utf-8", "gb2312")]
)
def test_the_article_is_read_without_the_site_and_whatever_the_label(encoding, label):
    source = read(site_page(TEXT, encoding, label), "x.html")
    assert "\n".join(line.text for line in source.lines) == TEXT


def test_the_facts_above_the_article_are_kept():
    meta = dict(read(site_page(TEXT), "x.html").meta)
    assert meta["发文字号"] == "某教复〔2024〕9号"
    assert meta["发布机构"] == "某区教育局"
    assert meta["成文日期"] == "2024-05-06"


ASP = "<form id='form1'><input type='hidden' value='x'><table><tr><td><div>{}</div></td></tr></table></form>"


CONTAINERS = ['<div class="article_con">{}</div>', "<div><div>{}</div></div>", "<article>{}</article>", ASP]


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_article_is_found_in_other_systems_pages(container):
    body = "".join(f"<p>{row}</p>" for row in TEXT.split("\n")[1:])
    links = "".join(f"<li><a>我区将新建学校，办好人民满意的教育{i}</a></li>" for i in range(30))
    page = f"<html><body><div class=nav><ul>{links}</ul></div><h1>{TEXT.split(chr(10))[0]}</h1>{container.format(body)}</body>"
    assert "\n".join(line.text for line in read(page.encode(), "x").lines) == TEXT


@pytest.mark.parametrize("kind", ["id=zoom", "class=unknown"])
def test_a_signature_beside_the_text_belongs_to_the_letter(kind):
    rows = TEXT.split("\n")
    body = "".join(f"<p>{row}</p>" for row in rows[1:-2])
    page = f"<html><body><div><h1>{rows[0]}</h1><div {kind}>{body}</div><div>{rows[-2]}<br>{rows[-1]}</div></div></body>"
    assert "\n".join(line.text for line in read(page.encode(), "x").lines) == TEXT


def test_what_a_person_does_not_see_is_not_read():
    page = "<html><body><p>我局将<span style='display: none'>不</span>按时完成<span hidden>（略）</span>。</p><p>此复。</p>"
    assert [line.text for line in read(page.encode(), "x").lines] == ["我局将按时完成。", "此复。"]


def test_a_page_that_word_saved_is_read_with_its_numbers_and_without_what_was_deleted():
    page = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if gte mso 9]><xml><w:View>Print</w:View></xml>
<![endif]--></head><body><div class=WordSection1><p class=MsoNormal>我局将<span style='mso-hide:all'>暗自</span>修路，<del
cite="mailto:x">年底前</del><ins cite="mailto:x">明年</ins>完成。<o:p></o:p></p><p class=MsoListParagraph><![if !supportLists]>
<span style='mso-list:Ignore'>一、<span style='font:7.0pt "Times New Roman"'>&nbsp;</span></span><![endif]>建桥。</p></div>
</body></html>"""
    source = read(page.encode(), "x")
    assert [line.text.replace("\u00a0", "").replace(" ", "") for line in source.lines] == ["我局将修路，明年完成。", "一、建桥。"]
    assert [problem.code for problem in source.problems] == ["text_not_shown"]


def test_rows_of_a_table_and_line_breaks():
    page = "<html><body><div>清单如下：<br>　　任务表</div><table><tr><td>任务</td><td>时限</td></tr></table></body></html>"
    assert [line.text for line in read(page.encode(), "x").lines] == ["清单如下：", "　　任务表", "任务 | 时限"]


def test_a_page_cut_within_a_character_is_read_and_marked():
    page = site_page(TEXT)
    source = read(page[: page.index("敬请指正".encode()) + 1], "x.html")
    assert [problem.code for problem in source.problems] == ["characters_damaged"]
    assert source.lines[0].text == TEXT.split("\n")[0]


def test_a_page_without_chinese_text_is_refused():
    with pytest.raises(UnreadableLetter, match="no Chinese text"):
        read(b"<html><body><p>404 Not Found</p></body></html>", "x.html")


@pytest.mark.parametrize("row", load_table("reading")["meta"], ids=lambda row: row["hits"])
def test_labels_of_facts(row):
    import re

    assert re.fullmatch(row["label"], row["hits"])
    assert not re.fullmatch(row["label"], row["misses"])
