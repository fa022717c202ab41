"""Describes each clause to the scorer: its voices, its time, what governs it, what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from flows.letters.clauses import Clause, Sentence
from flows.letters.cues import SILENT, Said, cue_called, cues_in
from flows.letters.model import ReplyLetter
from flows.letters.quotations import bare_of
from flows.letters.rules.load import load_table
from flows.letters.stance_frames import Frame, frames_of
from flows.letters.stance_marks import (
    ACTS,
    ADVERBIAL,
    AHEAD,
    ALSO,
    ASKED,
    CONDITION,
    FIRM,
    FIRST,
    JOINT,
    LABEL,
    LAST,
    LEADIN,
    MARKS,
    NO_MARKS,
    NUMBER,
    PARENS,
    PAST,
    SUBJECT,
    TITLED,
    TOLD,
    VERB,
)  # fmt: skip
from flows.letters.stance_time import tenses_of

# Voice and tense of a clause, the voices beside it in its sentence ("^" and "$" at its ends), FIRM or 0, and the tones of
# its lead-in and heading.
Place = tuple[str, str, str, str, int, str, str]


@dataclass(slots=True)
class Described:
    """A clause and all that the scorer knows of it.

    ``sentence`` is the index of its sentence; ``said`` what its cues say; ``marks`` what else holds of it (see
    ``stance_marks``); ``step`` the kind of step from the clause before it (see ``rules/stance.toml``); ``text`` its words,
    what it quotes left out.
    """

    clause: Clause
    sentence: int
    said: Said
    marks: int
    place: Place
    step: str
    text: str

    @property
    def voice(self) -> str:
        return self.said.voice

    @property
    def tense(self) -> str:
        return self.place[1]

    @property
    def matter(self) -> bool:
        """It only names the matter that the rest is about."""
        if self.said.voice != SILENT or self.marks & SUBJECT or not self.marks & FIRST:
            return False
        return bool(self.marks & VERB) or "matter" in self.said.ids


def described(letter: ReplyLetter, view: str, sentences: Sequence[Sentence]) -> list[Described]:
    """Every clause of ``sentences``, in text order."""
    bare = bare_of(view, sentences)
    clauses = [clause for sentence in sentences for clause in sentence.clauses]
    tenses = tenses_of(bare, clauses, letter.header.date)
    found: list[Described] = []
    for index, (frame, said) in enumerate(frames_of(letter, bare, sentences, cues_in(bare, clauses))):
        at = len(found)
        step = "beside" if found and found[-1].clause.mark == "；" else "turn"
        found += _sentence(bare, sentences[index], frame, said, tenses[at : at + len(said)], index, step)
    return found


def _sentence(
    bare: str, sentence: Sentence, frame: Frame, said: Sequence[Said], tenses: Sequence[str], index: int, step: str
) -> list[Described]:
    """The clauses of one sentence, each told what the ones before it opened; ``step`` leads to the first."""
    last, lead, head, governed = len(said) - 1, frame.lead, frame.head, frame.marks
    voices = ["^", *[own.voice for own in said], "$"]
    told_until = -1  # what comes before a report is more often a report itself
    if "done" in voices or "past" in tenses:
        told_until = max(place for place in range(last + 1) if said[place].voice == "done" or tenses[place] == "past")
    past = asked = False
    made = []
    for place, clause in enumerate(sentence.clauses):
        own, tense = said[place], tenses[place]
        if own.looks_ahead:
            governed |= AHEAD
        text = bare[clause.start : clause.end]
        marks = governed | _shape_of(text)
        if tense == "future":
            marks = marks & ~LABEL | FIRM  # a label names the matter, not when
        elif past and not (own.bold and own.voice == "pledged"):
            marks |= PAST
        if place < told_until:
            marks |= TOLD
        asked = asked and not marks & SUBJECT
        if asked:
            marks |= ASKED
        if place == 0:
            marks |= FIRST | TITLED if clause.mark == "：" else FIRST
        if place == last:
            marks |= LAST | LEADIN if frame.lead_in else LAST
        beside = (own.voice, tense, voices[place], voices[place + 2], marks & FIRM, lead, head)
        made.append(Described(clause, index, own, marks, beside, step, text))
        # Whether a report or a condition opened here colours the next clauses of the sentence.
        step = "open" if marks & ADVERBIAL else "silent" if voices[place + 2] == SILENT else "voiced"
        past = tense == "past" or ((own.reports or (past and tense != "future")) and not own.turns)
        if own.supposes:
            governed |= CONDITION
        asked = asked or own.asks
    return made


def _shape_of(text: str) -> int:
    """The marks that a clause's own wording sets."""
    subject_of, opening, joints, endings = _wordings()
    first = text[0]
    marks = opening(text[:3], NO_MARKS) | opening(text[:2], NO_MARKS) | opening(first, NO_MARKS)
    if subject := subject_of(text):
        rest = text[subject.end() : subject.end() + 3]
        acts = opening(rest, NO_MARKS) | opening(rest[:2], NO_MARKS) | opening(rest[:1], NO_MARKS)
        marks |= SUBJECT | ACTS if acts & VERB else SUBJECT
    if text[-1] in endings:
        marks |= ADVERBIAL
    if _number_in(text):
        marks |= NUMBER | FIRM
    if text in joints:
        marks |= JOINT
    if first == "（" and text[-1] == "）":
        marks |= PARENS
    return marks


_number_in = re.compile(r"\d").search


class _Wordings(NamedTuple):
    """What ``rules/frames.toml`` says of a clause's wording; a verb or a word that adds has three characters at most."""

    subject: Callable[[str], re.Match[str] | None]
    opening: Callable[[str, int], int]
    joints: frozenset[str]
    endings: frozenset[str]


@cache
def _wordings() -> _Wordings:
    frames = load_table("frames")
    words = dict.fromkeys(frames["verb"]["words"], VERB)
    for word in frames["also"]["words"]:
        words[word] = words.get(word, NO_MARKS) | ALSO
    subject = re.compile(frames["subject"]["pattern"])
    return _Wordings(subject.match, words.get, frozenset(frames["joint"]["words"]), frozenset(frames["adverbial"]["endings"]))


# Marks that count by themselves, and marks that count together with the clause's voice.
_ALONE = frozenset({"label", "leadin", "joint", "parens", "row", "row_head", "titled"})
_VOICE_LAST = frozenset({"condition", "asked"})
Cues = tuple[str, ...]
Run = tuple[str, str]
RUN = "r="
Marked = tuple[str, int]


def features_of(clause: Described) -> list[str]:
    """The names under which a clause is weighed (``rules/stance.toml`` and the learned corrections)."""
    said, place = clause.said, clause.place
    shared = [*features_of_cues(said.ids), *features_of_place(place), *features_of_marks((said.voice, clause.marks))]
    return shared + [f"{RUN}{first}{second}" for first, second in runs_of(clause.text)]


def runs_of(text: str) -> Iterator[Run]:
    """Every two characters that stand side by side: what common words say beyond the cues is learned for these."""
    return pairwise(text)


def features_of_cues(ids: Cues) -> list[str]:
    """The cues of a clause, each counted once, and every two voices heard in it together."""
    says = sorted({cue.says for cue in map(cue_called, ids)} - {"hint"})
    pairs = [f"both={a}+{b}" for i, a in enumerate(says) for b in says[i + 1 :]]
    return ["bias", *(f"c={name}" for name in sorted(set(ids))), *pairs]


def features_of_place(place: Place) -> list[str]:
    """The clause's voice beside its time, its neighbours' voices, its lead-in and its heading."""
    v, tense, before, after, firm, lead, head = place
    names = [f"v={v}", f"v={v}&time={tense}", f"v={v}&before={before}", f"v={v}&after={after}"]
    if firm and after != "$":
        names.append(f"firm&v={v}&after={after}")
    if lead:
        names.append(f"v={v}&lead={lead}")
    if head:
        names.append(f"v={v}&head={head}")
    return names


def features_of_marks(marked: Marked) -> list[str]:
    """The clause's marks, most of them beside its voice."""
    voice, marks = marked
    return [name for bit, name in _mark_names(voice) if marks & bit]


@cache
def _mark_names(voice: str) -> list[tuple[int, str]]:
    """Each mark's bit and the name under which it is weighed beside ``voice``."""
    return [(1 << place, _mark_name(voice, mark)) for place, mark in enumerate(MARKS)]


def _mark_name(voice: str, mark: str) -> str:
    if mark in _ALONE or (mark == "acts" and voice == SILENT):
        return mark
    return f"{mark}&v={voice}" if mark in _VOICE_LAST else f"v={voice}&{mark}"
