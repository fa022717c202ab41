"""Tells which kind of paper a letter is: reply, opinion for the main handler, second reply, follow-up, summary, other."""

from __future__ import annotations

from flows.letters.model import LetterType
from flows.letters.wordings import patterns
from flows.letters.zones import Zones


def letter_type_of(title: str, salutation: str, formula: str, zones: Zones) -> LetterType:
    """The kind by the title first, then by whom it speaks to and the covering formula."""
    rules = patterns("header")
    if _is_other(title, salutation, formula):
        return "other"
    for name in ("summary", "co_handling", "second_reply", "follow_up"):
        if rules[name].search(title):
            return _BY_TITLE[name]
    if rules["co_handling"].search(formula) or (not rules["proposer_noun"].search(salutation) and _for_main_handler(zones)):
        return "co_handling_opinion"
    if rules["second_reply"].search(formula[-40:]):
        return "second_reply"
    if rules["follow_up"].search(formula[-60:]):
        return "follow_up"
    return "reply"


_BY_TITLE: dict[str, LetterType] = {
    "summary": "summary",
    "co_handling": "co_handling_opinion",
    "second_reply": "second_reply",
    "follow_up": "follow_up",
}


def _is_other(title: str, salutation: str, formula: str) -> bool:
    """Nothing says that it answers a proposal, or its title says that it is another paper."""
    rules = patterns("header")
    if any(rules["party_paper"].search(said) for said in (title, salutation)):
        return True
    another = rules["not_reply_title"].search(title) or rules["citizen"].search(salutation)
    if another and not (rules["session"].search(title) or rules["number"].search(title)):
        return True
    said = title if title and rules["paper_word"].search(title) else formula
    return not (rules["paper_word"].search(said) or rules["member"].search(salutation) or rules["deputy"].search(salutation))


def _for_main_handler(zones: Zones) -> bool:
    rule = patterns("header")["co_handling_text"]
    return any(rule.search(row.view) for row in zones.rows[zones.head : zones.foot + 1] if len(row.view) < 400)
