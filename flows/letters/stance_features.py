"""Describes each clause to the scorer: its voices, its time, what governs it, what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from flows.letters.clauses import Clause, Sentence, bare_of
from flows.letters.cues import Hit, cues_in
from flows.letters.model import ReplyLetter, Span
from flows.letters.rules.load import load_table
from flows.letters.stance_time import Tense, tense_of

SILENT = "-"


@dataclass(frozen=True, slots=True)
class Described:
    """A clause with all the scorer knows: ``features`` are names, ``voice`` the loudest stance of its own cues.

    ``opens`` is True where it only sets the scene for the next clause ("到2025年，"), ``firm`` where it names a date ahead or
    a number, ``also`` where it opens with 并, 同时 or the like, ``matter`` where it names the matter that the rest is about.
    """

    clause: Clause
    sentence: int
    hits: tuple[Hit, ...]
    voice: str
    subject: bool
    joint: bool
    opens: bool
    firm: bool
    also: bool
    matter: bool
    features: tuple[str, ...]


def described(letter: ReplyLetter, view: str, sentences: Sequence[Sentence]) -> list[Described]:
    """Every clause of ``sentences``, in text order."""
    clauses = [clause for sentence in sentences for clause in sentence.clauses]
    bare = bare_of(view, sentences)
    hits = cues_in(bare, clauses)
    tones = [_heading_tone(section.heading) for section in letter.sections]
    leads: dict[Span, str] = {}
    labelled: dict[int, bool] = {}
    found: list[Described] = []
    at, ahead, paragraph = 0, False, -1
    for index, sentence in enumerate(sentences):
        ahead = ahead and sentence.paragraph == paragraph
        paragraph = sentence.paragraph
        size = len(sentence.clauses)
        own = hits[at : at + size]
        context = _Context(sentence, tones[sentence.section] if sentence.section >= 0 else "", _lead(sentence, leads))
        context.label = _is_label(sentences, index, labelled) and _names_only(bare, sentence, own)
        if sentence.item is not None and sentence.item.first:
            labelled[sentence.item.list_id] = context.label
        context.lead_in = _is_lead_in(sentences, index)
        made, ahead = _sentence(bare, context, own, ahead, letter.header.date, index)
        if context.lead_in:
            leads[Span(sentence.start, sentence.end)] = _tone_of(own, ahead, context)
        found.extend(made)
        at += size
    return _with_neighbours(found)


class _Context:
    """What governs a sentence: its heading's tone, its list's lead-in, whether it is a label or a lead-in itself."""

    __slots__ = ("head", "label", "lead", "lead_in", "sentence")

    def __init__(self, sentence: Sentence, head: str, lead: str) -> None:
        self.sentence, self.head, self.lead = sentence, head, lead
        self.label = self.lead_in = False


def _lead(sentence: Sentence, leads: dict[Span, str]) -> str:
    if sentence.item is None or sentence.item.lead_in is None:
        return ""
    return leads.get(sentence.item.lead_in, "")


@cache
def _headings() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["tone"], re.compile(row["pattern"])) for row in load_table("frames")["heading"])


@cache
def _heading_tone(heading: str) -> str:
    return next((tone for tone, pattern in _headings() if pattern.search(heading)), "")


def _is_label(sentences: Sequence[Sentence], index: int, labelled: dict[int, bool]) -> bool:
    """A short first sentence that only names the matter: 。 or ： follows, and its paragraph goes on.

    ``labelled`` tells of each list whether its last item began so: lists are of one piece.
    """
    sentence = sentences[index]
    if sentence.item is not None and not labelled.get(sentence.item.list_id, True):
        return False
    if len(sentence.clauses) > 1 or sentence.row or not (sentence.enumerator or sentence.opens):
        return False
    if sentence.mark not in "。：" or sentence.end - sentence.start > load_table("frames")["label"]["longest"]:
        return False
    following = sentences[index + 1] if index + 1 < len(sentences) else None
    return following is not None and following.paragraph == sentence.paragraph and not following.enumerator


def _names_only(bare: str, sentence: Sentence, hits: Sequence[Sequence[Hit]]) -> bool:
    """No wording of a promise or refusal in it; an item's label may hold a verb of resolve ("加强宣传。")."""
    if sentence.enumerator and bare[sentence.start : sentence.end].endswith(tuple(load_table("frames")["label"]["endings"])):
        return True
    loudest = max((hit.cue.weight for clause in hits for hit in clause if hit.cue.says not in ("none", "hint")), default=0.0)
    return loudest < (_LABEL_ITEM if sentence.enumerator else _LABEL_PLAIN)


_LABEL_ITEM, _LABEL_PLAIN = 2.5, 0.5


def _is_lead_in(sentences: Sequence[Sentence], index: int) -> bool:
    following = sentences[index + 1] if index + 1 < len(sentences) else None
    sentence = sentences[index]
    lead_in = following.item.lead_in if following is not None and following.item is not None else None
    return lead_in == Span(sentence.start, sentence.end) and following is not None and following.number == 1


def _tone_of(hits: Sequence[Sequence[Hit]], ahead: bool, context: _Context) -> str:
    """The stance a lead-in hands to its items, "" for none."""
    sums: dict[str, float] = {}
    for clause in hits:
        for hit in clause:
            sums[hit.cue.says] = sums.get(hit.cue.says, 0.0) + hit.cue.weight
    told = {says: weight for says, weight in sums.items() if says in ("pledged", "done", "conditional") and weight >= 0.8}
    if told:
        return max(told, key=lambda says: (told[says], says == "pledged"))
    if ahead or context.head == "future":
        return "pledged"
    return context.lead or ("done" if context.head == "past" else "")


@cache
def _subject() -> re.Pattern[str]:
    return re.compile(load_table("frames")["subject"]["pattern"])


@cache
def _verbs() -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(load_table("frames")["verb"]["words"]), frozenset(load_table("frames")["joint"]["words"])


def _begins_with_verb(view: str, start: int, end: int) -> bool:
    words = _verbs()[0]
    return any(view[start : min(start + size, end)] in words for size in (2, 3, 1))


_NUMBER = re.compile(r"\d")
_LOUD = ("pledged", "conditional", "ongoing", "declined", "done", "none")


def _voices(hits: Sequence[Hit]) -> tuple[str, list[str]]:
    """The loudest voice ("-" for none) and every voice, in the order of their names."""
    sums: dict[str, float] = {}
    for hit in hits:
        if hit.cue.says != "hint":
            sums[hit.cue.says] = sums.get(hit.cue.says, 0.0) + hit.cue.weight
    if not sums:
        return SILENT, []
    return max(_LOUD, key=lambda says: sums.get(says, -1.0)), sorted(sums)


# A promise this loud ("将继续") is none of the past, whatever the sentence told before.
_PLAIN = 2.5


def _loudness(hits: Sequence[Hit], says: str) -> float:
    return sum(hit.cue.weight for hit in hits if hit.cue.says == says)


def _sentence(
    view: str, context: _Context, hits: Sequence[Sequence[Hit]], ahead: bool, written: date | None, index: int
) -> tuple[list[Described], bool]:
    """The clauses of one sentence, and whether the paragraph looks ahead from here on."""
    sentence = context.sentence
    past = condition = asked = False
    made = []
    for place, (clause, own) in enumerate(zip(sentence.clauses, hits, strict=True)):
        voice, voices = _voices(own)
        ids = {hit.cue.id for hit in own}
        if "done" in voices and "pledged" not in voices and ahead and "already" in ids:
            ahead = False
        ahead = ahead or any(hit.cue.reach == "paragraph" for hit in own)
        tense = tense_of(view, clause.start, clause.end, written)
        start = _subject().match(view, clause.start, clause.end)
        acts = start is not None and _begins_with_verb(view, start.end(), clause.end)
        text = view[clause.start : clause.end]
        adverbial = text[-1] in load_table("frames")["adverbial"]["endings"]
        also = text.startswith(tuple(load_table("frames")["also"]["words"]))
        number = _NUMBER.search(view, clause.start, clause.end) is not None
        features = [f"v={voice}", "bias"]
        features.extend(f"c={name}" for name in sorted(ids))
        if len(voices) > 1:
            features.extend(
                f"both={a}+{b}" for i, a in enumerate(voices) for b in voices[i + 1 :]
            )
        reported = past and tense != "future" and not (voice == "pledged" and _loudness(own, "pledged") >= _PLAIN)
        features.extend(_governed(context, voice, tense, ahead, reported, condition))
        joint = text in _verbs()[1]
        verb = _begins_with_verb(view, clause.start, clause.end)
        features.extend(
            name
            for name, holds in (
                ("label", context.label),
                ("leadin", context.lead_in and place == len(hits) - 1),
                ("joint", joint),
                (f"v={voice}&verb", verb),
                ("acts" if voice == SILENT else f"v={voice}&acts", acts),
                (f"v={voice}&adverbial", adverbial),
                (f"v={voice}&number", number),
                (f"v={voice}&also", also),
                (f"v={voice}&subject", start is not None),
                (f"v={voice}&first", place == 0),
                (f"v={voice}&last", place == len(hits) - 1),
                ("parens", text[0] == "（" and text[-1] == "）"),
                ("row", sentence.row),
            )
            if holds
        )
        firm = tense == "future" or number
        matter = voice == SILENT and place == 0 and (verb or "matter" in ids) and start is None
        if asked:
            features.append(f"asked&v={voice}")
        asked = asked or "ask" in ids
        if firm:
            features.append(f"v={voice}&firm")
        made.append(
            Described(
                clause, index, tuple(own), voice, start is not None, joint, adverbial, firm, also, matter, tuple(features)
            )
        )
        past, condition = _reach(own, tense, past, condition)
    return made, ahead


def _governed(
    context: _Context, voice: str, tense: Tense, ahead: bool, past: bool, condition: bool
) -> list[str]:
    features = [f"v={voice}&time={tense}"]
    if context.lead:
        features.append(f"v={voice}&lead={context.lead}")
    if context.head:
        features.append(f"v={voice}&head={context.head}")
    if context.sentence.item is not None:
        features.append(f"v={voice}&item")
    if ahead:
        features.append(f"v={voice}&ahead")
    if past:
        features.append(f"v={voice}&past")
    if condition:
        features.append(f"condition&v={voice}")
    return features


def _reach(own: Sequence[Hit], tense: Tense, past: bool, condition: bool) -> tuple[bool, bool]:
    """Whether a report or a condition that this clause opened colours the next ones of its sentence."""
    says = {hit.cue.says for hit in own}
    if tense in ("past", "future"):
        past = tense == "past"
    for hit in own:
        if hit.cue.reach == "sentence" and hit.cue.says == "done":
            past = True
        if hit.cue.reach == "sentence" and hit.cue.says == "conditional":
            condition = True
    if past and says & {"pledged", "conditional", "ongoing", "declined"} and "done" not in says and tense != "past":
        past = False
    return past, condition


def _with_neighbours(found: list[Described]) -> list[Described]:
    """Each clause also told what voice comes before and after it in its sentence."""
    out = []
    for i, item in enumerate(found):
        before = found[i - 1] if i and found[i - 1].sentence == item.sentence else None
        after = found[i + 1] if i + 1 < len(found) and found[i + 1].sentence == item.sentence else None
        features = (
            *item.features,
            f"v={item.voice}&before={before.voice if before else '^'}",
            f"v={item.voice}&after={after.voice if after else '$'}",
            *((f"firm&v={item.voice}&after={after.voice}",) if item.firm and after else ()),
        )
        out.append(
            replace(item, features=features)
        )
    return out
