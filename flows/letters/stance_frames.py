"""What governs a whole sentence: its section's heading, its list's lead-in, the tone of its paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from flows.letters.clauses import Sentence
from flows.letters.cues import Hit
from flows.letters.model import ReplyLetter, Span
from flows.letters.rules.load import load_table

# What a lead-in must weigh to hand its stance on, and what a label may weigh at most (in an item, elsewhere).
_TOLD = 2.0
_LABEL_ITEM, _LABEL_PLAIN = 2.5, 0.5


# The marks of a sentence: whether it hangs in a list, whether it is a label.
_MARKS: dict[tuple[bool, bool], tuple[str, ...]] = {
    (False, False): (),
    (True, False): ("item",),
    (False, True): ("label",),
    (True, True): ("item", "label"),
}


class Frame(NamedTuple):
    """``head`` and ``lead`` are tones ("" for none); ``ahead``: the paragraph looks ahead before the sentence begins.

    ``lead_in``: the sentence governs the list after it; ``marks`` may hold item, label, row, row_head and
    later: the letter looks ahead further down, so what stands before is rather a report.
    """

    head: str
    lead: str
    ahead: bool
    lead_in: bool
    marks: tuple[str, ...]


def frames_of(
    letter: ReplyLetter, bare: str, sentences: Sequence[Sentence], hits: Sequence[Sequence[Hit]]
) -> Iterator[Frame]:
    """The frame of each sentence; ``hits`` are those of every clause, in text order."""
    tones = [heading_tone(section.heading) for section in letter.sections]
    turn = _last_look_ahead(sentences, hits)
    leads: dict[Span, str] = {}
    labelled: dict[int, bool] = {}
    at, ahead, paragraph = 0, False, -1
    for index, sentence in enumerate(sentences):
        own = hits[at : at + len(sentence.clauses)]
        at += len(sentence.clauses)
        ahead = ahead and sentence.paragraph == paragraph
        paragraph = sentence.paragraph
        item = sentence.item
        head = tones[sentence.section] if sentence.section >= 0 else ""
        lead = leads.get(item.lead_in, "") if item is not None and item.lead_in is not None else ""
        label = _is_label(sentences, index, labelled) and _names_only(bare, sentence, own)
        if item is not None and item.first:
            labelled[item.list_id] = label
        marks = _MARKS[item is not None, label]
        if sentence.row:
            marks += ("row_head" if _is_row_head(bare[sentence.start : sentence.end]) else "row",)
        if ahead and _reports(own):
            ahead = False
        if index < turn and not ahead:
            marks += ("later",)
        lead_in = _is_lead_in(sentences, index)
        yield Frame(head, lead, ahead, lead_in, marks)
        ahead = ahead or any(map(_looks_ahead, own))
        if lead_in:
            leads[Span(sentence.start, sentence.end)] = _tone(own, ahead, head, lead)


def _last_look_ahead(sentences: Sequence[Sentence], hits: Sequence[Sequence[Hit]]) -> int:
    """The last sentence that looks ahead for its whole paragraph (下一步, 今后), -1 where none does."""
    at, last = 0, -1
    for index, sentence in enumerate(sentences):
        upto = at + len(sentence.clauses)
        if any(_looks_ahead(clause) for clause in hits[at:upto]):
            last = index
        at = upto
    return last


def _looks_ahead(clause: Sequence[Hit]) -> bool:
    return any(hit.cue.reach == "paragraph" for hit in clause)


@cache
def _headings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["tone"], re.compile(row["pattern"])) for row in load_table("frames")["heading"])


@cache
def _label_endings() -> tuple[str, ...]:
    return tuple(load_table("frames")["label"]["endings"])


def heading_tone(heading: str) -> str:
    """future, past, refusal, or "" where the heading only names the matter."""
    return next((tone for tone, pattern in _headings() if pattern.search(heading)), "")


def _reports(hits: Sequence[Sequence[Hit]]) -> bool:
    """The sentence tells what is done and promises nothing: what looked ahead before it ends there."""
    says = {hit.cue.says for clause in hits for hit in clause if hit.cue.id != "resolve"}
    return "done" in says and not says & {"pledged", "conditional"}


def _is_label(sentences: Sequence[Sentence], index: int, labelled: dict[int, bool]) -> bool:
    """A short first sentence that only names the matter: 。 or ： follows, and its paragraph goes on.

    ``labelled`` tells of each list whether its last item began so: lists are of one piece.
    """
    sentence = sentences[index]
    if len(sentence.clauses) > 1 or sentence.row or not (sentence.enumerator or sentence.opens):
        return False
    if sentence.item is not None and not labelled.get(sentence.item.list_id, True):
        return False
    if sentence.mark not in "。：" or sentence.end - sentence.start > load_table("frames")["label"]["longest"]:
        return False
    following = sentences[index + 1] if index + 1 < len(sentences) else None
    return following is not None and following.paragraph == sentence.paragraph and not following.enumerator


def _names_only(bare: str, sentence: Sentence, hits: Sequence[Sequence[Hit]]) -> bool:
    """No wording of a promise or refusal in it; an item's label may hold a verb of resolve ("加强宣传。")."""
    if sentence.enumerator and bare[sentence.start : sentence.end].endswith(_label_endings()):
        return True
    spoken = [hit.cue.weight for clause in hits for hit in clause if hit.cue.says not in ("none", "hint")]
    return max(spoken, default=0.0) < (_LABEL_ITEM if sentence.enumerator else _LABEL_PLAIN)


def _is_lead_in(sentences: Sequence[Sentence], index: int) -> bool:
    if index + 1 >= len(sentences):
        return False
    sentence, following = sentences[index], sentences[index + 1]
    if following.item is None or following.number != 1:
        return False
    return following.item.lead_in == Span(sentence.start, sentence.end)


def _is_row_head(row: str) -> bool:
    names = set(load_table("frames")["row_head"]["words"])
    return sum(cell.strip() in names for cell in re.split(load_table("clauses")["cell_gap"], row)) > 1


def _tone(hits: Sequence[Sequence[Hit]], ahead: bool, head: str, lead: str) -> str:
    """The stance a lead-in hands to its items, "" for none."""
    sums: dict[str, float] = {}
    for clause in hits:
        for hit in clause:
            if hit.cue.says in ("pledged", "done", "conditional"):
                sums[hit.cue.says] = sums.get(hit.cue.says, 0.0) + hit.cue.weight
    told = {says: weight for says, weight in sums.items() if weight >= _TOLD}
    if told:
        return max(told, key=lambda says: (told[says], says == "pledged"))
    if ahead or head == "future":
        return "pledged"
    return lead or ("done" if head == "past" else "")
