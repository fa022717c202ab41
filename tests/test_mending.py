"""What page, site and scanner did to a letter is mended, and every character still knows where it came from."""

import pytest

from flows.letters.mending import mend
from flows.letters.model import LetterText, Line, Reader, SourceText
from flows.letters.reading import read


def _mended(text: str) -> LetterText:
    return mend(read(text.encode("utf-8"), "letter.txt"))


def _pages(*pages: str) -> LetterText:
    lines = tuple(Line(line, number) for number, page in enumerate(pages, 1) for line in page.split("\n"))
    return mend(SourceText(lines, Reader("pdf", "1"), "application/pdf"))


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("共有１２个社区，ＡＥＤ设备３台", "共有12个社区，AED设备3台"),
        ("第 033 号提案，2024 年 5 月", "第033号提案，2024年5月"),
        ("关(guān)于(yú)治(zhì)理污水(shuǐ)的答复", "关于治理污水的答复"),
        ("1丶加强管理", "1、加强管理"),
        ("禾水函﹝2021﹞17号", "禾水函〔2021〕17号"),
        ("沧 宁 市 教 育 局", "沧宁市教育局"),
        ("答　复", "答复"),
        ("我局&nbsp;将&ldquo;一窗受理&rdquo;", "我局 将”一窗受理”"),
        ("路灯\u200b已\ufeff修好", "路灯已修好"),
        ("你局提出的《关于修路的建议＞", "你局提出的《关于修路的建议》"),
    ],
)
def test_noise_is_taken_out(written: str, read_as: str) -> None:
    assert _mended(written).text == read_as


@pytest.mark.parametrize("text", ["商品房(fang)", "按B(2)类办理", "使用API接口", "5 G基站"])
def test_what_is_no_noise_stays(text: str) -> None:
    assert _mended(text).text == text


def test_traditional_script_is_read_simplified_and_said_so() -> None:
    letter = _mended("關於縣政協十屆三次會議第62號提案的答覆\n何某某委員：\n縣政府將辦理結果公開。")
    assert letter.text.startswith("关于县政协十届三次会议第62号提案的答复\n何某某委员：")
    assert [problem.code for problem in letter.problems] == ["script_converted"]
    assert letter.source.lines[0].text.startswith("關於縣政協")


def test_a_traditional_character_in_a_name_is_left() -> None:
    letter = _mended("乾县水利局答复傅瑩委员：路灯已修好。")
    assert (letter.text, letter.problems) == ("乾县水利局答复傅瑩委员：路灯已修好。", ())


def test_page_furniture_goes_and_sentences_close_over_it() -> None:
    letter = _pages(
        "禾川县水利局文件\n　　我局已将二十二座旱厕改为水冲式公厕，并将其中九座\n"
        "纳入所长制试点范围，群众反映良好，下一步将在全县各乡镇范\n- 1 -",
        "禾川县水利局文件\n围内总结推广并且加以完善，同时加大对公共厕所设施的日常管\n"
        "护力度，建立健全巡查考核制度，把管护责任落实到每一名保洁\n- 2 -",
        "禾川县水利局文件\n员，确保年底前全部完成。\n- 4 -",
    )
    assert "各乡镇范围内总结" in letter.text and "每一名保洁员，确保" in letter.text
    assert "文件" not in letter.text
    assert [(p.code, "第3页" in p.message) for p in letter.problems] == [("page_missing", True)]


def test_site_chrome_goes() -> None:
    letter = _mended(
        "您现在的位置：首页 > 政务公开 > 建议提案\n关于修路的答复\n路已修好。\n扫一扫在手机打开当前页\n"
        "上一篇：关于修桥的答复\n主办：禾川县政府　承办：县大数据中心\n版权所有：禾川县人民政府"
    )
    assert letter.text == "关于修路的答复\n路已修好。"


def test_a_letter_printed_twice_is_kept_once() -> None:
    once = "某某代表：\n您提出的建议收悉。\n路已修好。\n禾川县交通局\n2022年11月2日\n"
    letter = _mended(once + once)
    assert letter.text == once.strip()
    assert [problem.code for problem in letter.problems] == ["letter_repeated"]


def test_every_character_knows_its_source() -> None:
    written = "　　第 033 号(hào)提(tí)案(àn)已２０２４年办(bàn)结。\n\n下一行 12 个\n"
    letter = _mended(written)
    for piece in letter.pieces:
        source = letter.source.lines[piece.line].text
        for offset in range(piece.length):
            mended, original = letter.text[piece.start + offset], source[piece.column + offset]
            assert mended == original or ord(original) - 0xFEE0 == ord(mended)
    assert sum(piece.length for piece in letter.pieces) == len(letter.text.replace("\n", ""))


@pytest.mark.parametrize(
    "text",
    ["石水函〔202258\n某某代表：", "关于县十八届人大次会议的答复", "第号建议", "路灯修好。\n2024年  月  日", "水利局\n20221019"],
)
def test_lost_digits_are_pointed_at(text: str) -> None:
    letter = _mended(text)
    (problem, *_) = letter.problems
    assert problem.code == "number_missing" and problem.span is not None
    assert problem.span.quote(letter.text).strip()


def test_the_blanks_of_a_form_are_no_loss() -> None:
    assert _mended("路灯修好。\n签名：　　　　年  月  日").problems == ()
