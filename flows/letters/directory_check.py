"""What is odd in a directory though it can be loaded: region codes, places without a government, bodies nobody can reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from flows.letters.agencies import Agency, Directory
from flows.letters.model import Problem
from flows.letters.rules.load import load_table


def oddities(directory: Directory) -> list[Problem]:
    """Everything a person should look at; nothing of it stops the directory from being used."""
    found = [problem for agency in directory.agencies for problem in _of_agency(agency, directory)]
    return found + list(_of_places(directory))


def _of_agency(agency: Agency, directory: Directory) -> Iterable[Problem]:
    if agency.region_code is not None and (fault := region_fault(agency.region_code)):
        yield Problem("region_code", f"{agency.id}：行政区划代码{agency.region_code}{fault}")
    if agency.escalate_to is not None and directory.get(agency.escalate_to) is None:
        yield Problem("escalate_to", f"{agency.id}：督办上报单位{agency.escalate_to}不在名录中")
    if agency.escalate_to == agency.id:
        yield Problem("escalate_to", f"{agency.id}：督办上报单位不能是本单位")
    for kind, address in agency.channels:
        if kind not in ("folder", "mail", "webhook", "chat"):
            yield Problem("channel", f"{agency.id}：不支持的送达方式{kind}（{address}）")


def region_fault(code: str) -> str | None:
    """What is wrong with a GB/T 2260 code (six digits, or more with the streets' added); None where nothing is."""
    provinces = load_table("regions")["province"]
    if code[:2] not in provinces:
        return "的前两位不是省级代码"
    if code[2:4] == "00" and code[4:6] != "00":
        return "的中间两位为00而末两位不为00"
    return None


def _of_places(directory: Directory) -> Iterable[Problem]:
    """One place has one code of six digits, and one code names one place."""
    codes: dict[str, set[str]] = defaultdict(set)
    for agency in directory.agencies:
        if agency.region_code is not None:
            codes[agency.jurisdiction].add(agency.region_code[:6])
    places: dict[str, set[str]] = defaultdict(set)
    for place, held in codes.items():
        if len(held) > 1:
            yield Problem("region_code", f"{place}有多个行政区划代码：{'、'.join(sorted(held))}")
        for code in held:
            places[code].add(place)
    for code, named in places.items():
        if len(named) > 1:
            yield Problem("region_code", f"行政区划代码{code}用于多个地方：{'、'.join(sorted(named))}")
