"""The working days a site reckons with: the library's tables and the site's own."""

from __future__ import annotations

from flows.letters.errors import SettingsError
from flows.letters.holidays import calendar_of
from flows.letters.workdays import WorkCalendar
from flows.settings import Settings


def calendar(settings: Settings) -> WorkCalendar:
    """The calendar of the site; ``SettingsError`` or ``RulesError`` where its own table cannot be used."""
    if settings.holidays is None:
        return WorkCalendar()
    try:
        return calendar_of(settings.holidays.read_bytes(), str(settings.holidays))
    except OSError as fault:
        raise SettingsError(f"DUBAN_HOLIDAYS: {settings.holidays} cannot be read: {fault.strerror}") from fault
