"""Settings to the ways out: what is set up, what is missing, a site's own templates; nothing goes another way in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flows import delivery_wiring
from flows.letters.agencies import Directory
from flows.letters.errors import RulesError, SettingsError
from flows.letters.profile import SiteProfile
from flows.settings import Settings
from tests.notices.ledger_samples import LETTERS

PLAIN = Directory.load(LETTERS / "own" / "agencies-south.toml")


def by(*channels: tuple[str, str]) -> Directory:
    first, *rest = PLAIN.agencies
    return Directory([replace(first, channels=channels), *rest])


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings(home=tmp_path, **given)  # type: ignore[arg-type]


def test_an_agency_goes_by_its_first_channel_and_the_others_by_folder(tmp_path: Path) -> None:
    made = settings(tmp_path, mail_server="smtp://127.0.0.1", mail_sender="a@b.cn")
    directory = by(("mail", "x@y.cn"), ("folder", ""))
    ways = delivery_wiring.channels(made, directory)
    first, second = directory.agencies[:2]
    assert (ways.kind_of(first.id), ways.kind_of(second.id), ways.kind_of("duban-office")) == ("mail", "folder", "folder")
    assert "folder, mail" in delivery_wiring.prove(made, directory, SiteProfile())


MISSING = [
    ({}, ("mail", "x@y.cn"), "DUBAN_MAIL_SERVER"),
    ({}, ("webhook", "https://y"), "webhook"),
    ({"mail_server": "smtp://h"}, ("mail", "x@y.cn"), "DUBAN_MAIL_SENDER"),
    ({"mail_server": "ftp://h", "mail_sender": "a@b.cn"}, ("mail", "x@y.cn"), "mail server"),
    ({"webhook_secret": "short"}, ("webhook", "https://y"), "32 characters"),
    ({"webhook_secret": "none"}, ("webhook", "https://y"), "cannot be read"),
    ({"holidays": "none"}, ("folder", "x"), "DUBAN_HOLIDAYS"),
    ({"templates": "none"}, ("folder", "x"), "DUBAN_TEMPLATES"),
]


@pytest.mark.parametrize(("given", "channel", "said"), MISSING)
def test_what_is_not_set_up_refuses_to_start(
    tmp_path: Path, given: dict[str, str], channel: tuple[str, str], said: str
) -> None:
    (tmp_path / "short").write_text("secret")
    paths = {name: value if name.startswith("mail") else tmp_path / value for name, value in given.items()}
    with pytest.raises(SettingsError, match=said):
        delivery_wiring.prove(settings(tmp_path, **paths), by(channel), SiteProfile())


def test_a_sites_routing_rows_are_checked_at_start(tmp_path: Path) -> None:
    wrong = SiteProfile(routing=({"id": "x", "when": {"weather": ["rain"]}, "then": "keep", "because": "没有这个条件"},))
    with pytest.raises(RulesError, match="weather"):
        delivery_wiring.prove(settings(tmp_path), PLAIN, wrong)


def test_a_sites_templates_stand_before_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "reminder.html.j2").write_text("<p>own</p>")
    (tmp_path / "notes.txt").write_text("no template")
    assert [name for name, _ in delivery_wiring.templates(settings(tmp_path, templates=tmp_path)).own] == ["reminder.html.j2"]


@pytest.mark.parametrize("own", [False, True])
def test_who_signs_and_under_which_code_stands_in_the_sites_profile(tmp_path: Path, own: bool) -> None:
    (tmp_path / "site.toml").write_text('name = "瓯溪县督查室"\noffice_code = "瓯督"\n', encoding="utf-8")
    made = settings(tmp_path, site=tmp_path / "site.toml", templates=tmp_path if own else None)
    look = delivery_wiring.templates(made)
    assert (look.office, look.code) == ("瓯溪县督查室", "瓯督")
    with pytest.raises(RulesError, match="office_code"):
        SiteProfile.load('office_code = "瓯督 1"'.encode())


@pytest.mark.parametrize(("wanted", "expected"), [("", []), ("a, b", ["a", "b"]), ("*", ["a", "b", "c"])])
def test_which_agencies_get_one_parcel(tmp_path: Path, wanted: str, expected: list[str]) -> None:
    chosen = delivery_wiring.bundled(settings(tmp_path, bundled_agencies=wanted))
    assert [one for one in ("a", "b", "c") if chosen(one)] == expected
