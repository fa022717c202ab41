"""What is odd in a directory though it can be loaded: region codes, places without a government, bodies nobody can reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations

from flows.letters.agencies import Agency, Directory
from flows.letters.former_names import FormerName
from flows.letters.model import Problem
from flows.letters.rules.load import load_table


def oddities(directory: Directory) -> list[Problem]:
    """Everything a person should look at; nothing of it stops the directory from being used."""
    found = [problem for agency in directory.agencies for problem in _of_agency(agency, directory)]
    return found + list(_of_names(directory)) + list(_of_places(directory))


def _of_agency(agency: Agency, directory: Directory) -> Iterable[Problem]:
    if agency.region_code is not None and (fault := region_fault(agency.region_code)):
        yield Problem("region_code", f"{agency.id}：行政区划代码{agency.region_code}{fault}")
    if agency.escalate_to is not None and directory.get(agency.escalate_to) is None:
        yield Problem("escalate_to", f"{agency.id}：督办上报单位{agency.escalate_to}不在名录中")
    if agency.escalate_to == agency.id:
        yield Problem("escalate_to", f"{agency.id}：督办上报单位不能是本单位")
    if agency.ended is not None and agency.successor is None:
        yield Problem("successor", f"{agency.id}：已于{agency.ended}撤并，但未填承继单位")
    if (round_ := _successor_round(agency, directory)) is not None:
        yield Problem("successor", f"{agency.id}：承继关系首尾相接：{'→'.join(round_)}")
    for kind, address in agency.channels:
        if kind not in ("folder", "mail", "webhook", "chat"):
            yield Problem("channel", f"{agency.id}：不支持的送达方式{kind}（{address}）")


def _successor_round(agency: Agency, directory: Directory) -> list[str] | None:
    """The ids from the body back to itself, where its successors lead there; None where they end."""
    line, found = [agency.id], directory.get(agency.successor) if agency.successor else None
    while found is not None and found.id not in line:
        line.append(found.id)
        found = directory.get(found.successor) if found.successor else None
    return [*line, agency.id] if found is not None and found.id == agency.id else None


def _of_names(directory: Directory) -> Iterable[Problem]:
    """Two bodies of one place that bore one name on the same day, or may have: nobody can tell which a letter means."""
    borne: dict[tuple[str, str], list[tuple[Agency, FormerName, bool]]] = defaultdict(list)
    for agency in directory.agencies:
        for name in dict.fromkeys((agency.name, *agency.aliases)):
            borne[agency.jurisdiction, name].append((agency, FormerName(name, None, agency.ended), True))
        for former in agency.former_names:
            borne[agency.jurisdiction, former.name].append((agency, former, False))
    for (place, name), bearers in borne.items():
        for (one, term, now), (other, its, its_now) in combinations(bearers, 2):
            if one.id == other.id or (now and its_now and one.ended is None and other.ended is None):
                continue
            # Since when a body has borne today's name nobody says: it is taken to follow a former name with an end.
            followed = (now and its.ended is not None) or (its_now and term.ended is not None)
            if not followed and term.meets(its):
                yield Problem(
                    "former_name", f"{place}的“{name}”同时是{one.id}与{other.id}的名称或曾用名，请补充起止日期（from、until）"
                )


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
