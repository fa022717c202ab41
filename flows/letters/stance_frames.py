"""What governs a whole sentence: its section's heading, its list's lead-in, the tone of its paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from flows.letters.clauses import Sentence
from flows.letters.cues import Said, cue_called
from flows.letters.model import ReplyLetter, Span
from flows.letters.rules.load import load_table
from flows.letters.stance_marks import AHEAD, ITEM, LABEL, LATER, NO_MARKS, ROW, ROW_HEAD

# What a lead-in must weigh to hand its stance on, and what a label may weigh at most (in an item, elsewhere).
_TOLD = 2.0
_LABEL_ITEM, _LABEL_PLAIN = 2.5, 0.5


@dataclass(slots=True)
class Frame:
    """``head`` and ``lead`` are tones ("" for none); ``lead_in``: the sentence governs the list after it.

    ``marks`` may hold item, label, row, row_head, ahead (the paragraph looks ahead before the sentence begins) and later:
    the letter looks ahead further down, so what stands before is rather a report.
    """

    head: str
    lead: str
    lead_in: bool
    marks: int


def frames_of(
    letter: ReplyLetter, bare: str, sentences: Sequence[Sentence], said: Sequence[Said]
) -> Iterator[tuple[Frame, Sequence[Said]]]:
    """The frame of each sentence, and what each of its clauses says; ``said`` is of every clause, in text order."""
    tones = [heading_tone(section.heading) for section in letter.sections]
    turn = _last_look_ahead(said)
    leads: dict[Span, str] = {}
    labelled: dict[int, bool] = {}
    upto, last, ahead, paragraph = 0, len(sentences) - 1, False, -1
    for index, sentence in enumerate(sentences):
        at, upto = upto, upto + len(sentence.clauses)
        own = said[at:upto]
        ahead = ahead and sentence.paragraph == paragraph
        paragraph, item = sentence.paragraph, sentence.item
        head = tones[sentence.section] if sentence.section >= 0 else ""
        lead = leads.get(item.lead_in, "") if item is not None and item.lead_in is not None else ""
        label = _is_label(sentences, index, labelled) and _names_only(bare, sentence, own)
        marks = LABEL if label else NO_MARKS
        if item is not None:
            marks |= ITEM
            if item.first:
                labelled[item.list_id] = label
        if sentence.row:
            marks |= ROW_HEAD if _is_row_head(bare[sentence.start : sentence.end]) else ROW
        if ahead and _reports(own):
            ahead = False
        if ahead:
            marks |= AHEAD
        elif upto <= turn:
            marks |= LATER
        lead_in = index < last and sentences[index + 1].number == 1 and _governs(sentence, sentences[index + 1])
        yield Frame(head, lead, lead_in, marks), own
        ahead = ahead or True in [clause.looks_ahead for clause in own]
        if lead_in:
            leads[Span(sentence.start, sentence.end)] = _tone(own, ahead, head, lead)


def _last_look_ahead(said: Sequence[Said]) -> int:
    """The last clause that looks ahead for its whole paragraph (下一步, 今后), -1 where none does."""
    return next((at for at in range(len(said) - 1, -1, -1) if said[at].looks_ahead), -1)


@cache
def _headings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["tone"], re.compile(row["pattern"])) for row in load_table("frames")["heading"])


@cache
def _label_endings() -> tuple[str, ...]:
    return tuple(load_table("frames")["label"]["endings"])


def heading_tone(heading: str) -> str:
    """future, past, refusal, or "" where the heading only names the matter."""
    return next((tone for tone, pattern in _headings() if pattern.search(heading)), "")


def _reports(said: Sequence[Said]) -> bool:
    """The sentence tells what is done and promises nothing: what looked ahead before it ends there."""
    says = frozenset().union(*(clause.says for clause in said))
    return "done" in says and says.isdisjoint(("pledged", "conditional"))


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


def _names_only(bare: str, sentence: Sentence, said: Sequence[Said]) -> bool:
    """No wording of a promise or refusal in it; an item's label may hold a verb of resolve ("加强宣传。")."""
    if sentence.enumerator and bare[sentence.start : sentence.end].endswith(_label_endings()):
        return True
    loudest = max(clause.spoken for clause in said)
    return loudest < (_LABEL_ITEM if sentence.enumerator else _LABEL_PLAIN)


def _governs(sentence: Sentence, first: Sentence) -> bool:
    """``sentence`` leads in the list that ``first`` begins."""
    return first.item is not None and first.item.lead_in == Span(sentence.start, sentence.end)


def _is_row_head(row: str) -> bool:
    names = set(load_table("frames")["row_head"]["words"])
    return sum(cell.strip() in names for cell in re.split(load_table("clauses")["cell_gap"], row)) > 1


def _tone(said: Sequence[Said], ahead: bool, head: str, lead: str) -> str:
    """The stance a lead-in hands to its items, "" for none."""
    sums: dict[str, float] = {}
    for clause in said:
        for cue in map(cue_called, clause.ids):
            if cue.says in ("pledged", "done", "conditional"):
                sums[cue.says] = sums.get(cue.says, 0.0) + cue.weight
    told = {says: weight for says, weight in sums.items() if weight >= _TOLD}
    if told:
        return max(told, key=lambda says: (told[says], says == "pledged"))
    if ahead or head == "future":
        return "pledged"
    return lead or ("done" if head == "past" else "")
