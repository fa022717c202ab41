"""``duban agencies``: checking, searching and making the site's directory."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from flows.settings import load_settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def agencies() -> None:
    """The site's agency directory: check it, ask it whom a name means, make it from a spreadsheet."""


@agencies.command()
@click.argument("file", required=False, type=_FILE)
def check(file: Path | None) -> None:
    """Check a directory (default: the site's): names used twice or at the same time, check digits, successors, channels.

    Exit code 1 where it cannot be used; what is only odd is listed.
    """
    from flows.letters.agencies import Directory
    from flows.letters.directory_check import oddities

    path = file or load_settings().agencies
    directory = Directory.load(path)
    odd = oddities(directory)
    click.echo(f"{path}：{len(directory)}个单位，{len(directory.places.names)}个行政区划，可以使用")
    for problem in odd:
        click.echo(f"- {problem.message}")
    if odd:
        click.echo(f"另有{len(odd)}处需人工核对")


@agencies.command()
@click.argument("mention")
@click.option("--in", "jurisdiction", help="Where the letter was written, such as 上海市浦东新区.")
@click.option("--on", "day", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]), help="The letter's date: names change bodies.")
@click.option("--agencies", "file", type=_FILE, help="Another directory than the site's.")
def suggest(mention: str, jurisdiction: str | None, day: datetime | None, file: Path | None) -> None:
    """Whom MENTION means, and whom it could mean."""
    from flows.letters.agencies import Directory

    directory = Directory.load(file or load_settings().agencies)
    meant = directory.resolve(mention, jurisdiction, day.date() if day else None)
    if meant is not None:
        click.echo(f"“{mention}”即：{meant.id}　{meant.name}（{meant.jurisdiction}）")
        return
    likely = directory.suggest(mention, jurisdiction)
    click.echo(f"名录中没有“{mention}”，可能是：" if likely else f"名录中没有与“{mention}”相近的单位，请补充名录")
    for agency in likely:
        click.echo(f"- {agency.id}　{agency.name}（{agency.jurisdiction}）")
    raise click.exceptions.Exit(1)


@agencies.command(name="import")
@click.argument("workbook", type=_FILE)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The directory to write.")
def import_(workbook: Path, out: Path) -> None:
    """Make a directory from a spreadsheet (XLSX) and check it; nothing is written where it is wrong.

    \b
    Headings: 单位全称 行政区划 (needed) 单位编号 简称 曾用名 承继单位编号 撤并日期 单位类别
              统一社会信用代码 行政区划代码 联系岗位 督办上报单位编号 电子邮箱 推送地址 备注

    \b
    A former name may say when it was borne: 东江市卫计委（2014-03-01至2018-12-31）
    """
    from flows.adapters.spreadsheet import cells_of
    from flows.letters.agencies import Directory
    from flows.letters.directory_check import oddities
    from flows.letters.directory_sheet import directory_of

    text = directory_of(cells_of(workbook.read_bytes(), workbook.name))
    directory = Directory.load(text.encode("utf-8"))
    aside = out.with_name(f".{out.name}.new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(out)
    click.echo(f"已写入{out}：{len(directory)}个单位")
    for problem in oddities(directory):
        click.echo(f"- {problem.message}")
