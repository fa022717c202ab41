"""Describes each clause to the scorer: its voices, its time, what governs it, what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from flows.letters.clauses import Clause, Sentence, bare_of
from flows.letters.cues import Cue, Hit, cue_called, cues_in
from flows.letters.model import ReplyLetter
from flows.letters.rules.load import load_table
from flows.letters.stance_frames import Frame, frames_of
from flows.letters.stance_time import tenses_of

SILENT = "-"
_VOICES = ("pledged", "conditional", "ongoing", "declined", "done", "none")
# A promise this loud ("将继续") is none of the past, whatever the sentence told before.
_PLAIN = 2.5
_NUMBER = re.compile(r"\d")


class State(NamedTuple):
    """All the scorer knows of a clause; equal states score equally, so their scores are remembered.

    ``ids`` are the clause's cues; ``marks`` what else holds of it; ``before`` and ``after`` the voices beside it in its
    sentence ("^" and "$" at its ends).
    """

    ids: tuple[str, ...]
    voice: str
    tense: str
    lead: str
    head: str
    marks: tuple[str, ...]
    before: str
    after: str


class Described(NamedTuple):
    """A clause and its state; ``opens``: it only sets the scene for the next clause ("到2025年，").

    ``firm``: it names a date ahead or a number; ``also``: it opens with 并, 同时 or the like; ``matter``: it names the
    matter that the rest is about; ``joint``: it only joins.
    """

    clause: Clause
    sentence: int
    hits: tuple[Hit, ...]
    state: State
    opens: bool
    firm: bool
    also: bool
    matter: bool
    joint: bool

    @property
    def voice(self) -> str:
        return self.state.voice


def described(letter: ReplyLetter, view: str, sentences: Sequence[Sentence]) -> list[Described]:
    """Every clause of ``sentences``, in text order."""
    bare = bare_of(view, sentences)
    clauses = [clause for sentence in sentences for clause in sentence.clauses]
    hits, tenses = cues_in(bare, clauses), tenses_of(bare, clauses, letter.header.date)
    found: list[Described] = []
    at = 0
    for index, frame in enumerate(frames_of(letter, bare, sentences, hits)):
        upto = at + len(sentences[index].clauses)
        found.extend(_sentence(bare, sentences[index], frame, hits[at:upto], tenses[at:upto], index))
        at = upto
    return found


def _sentence(
    bare: str, sentence: Sentence, frame: Frame, hits: Sequence[list[Hit]], tenses: Sequence[str], index: int
) -> list[Described]:
    """The clauses of one sentence, each told what the ones before it opened."""
    told = [_told(tuple([hit.cue.id for hit in own])) if own else _NOTHING for own in hits]
    past = condition = asked = False
    ahead, last = frame.ahead, len(told) - 1
    reports_at = [place for place, own in enumerate(told) if own.voice == "done" or tenses[place] == "past"]
    told_until = reports_at[-1] if reports_at else -1  # what comes before a report is more often a report itself
    made = []
    for place, clause in enumerate(sentence.clauses):
        start, end, closing = clause
        tense, (ids, voice, looks_ahead, bold, reports, supposes, turns) = tenses[place], told[place]
        ahead = ahead or looks_ahead
        shape, verb, subject, adverbial, number, also, joint = _shape_of(bare[start:end])
        marks = [*frame.marks, *shape]
        if tense == "future" and "label" in marks:
            marks.remove("label")  # a label names the matter, not when
        firm = number or tense == "future"
        if ahead:
            marks.append("ahead")
        if past and tense != "future" and not (bold and voice == "pledged"):
            marks.append("past")
        if place < told_until:
            marks.append("told")
        if condition:
            marks.append("condition")
        if asked and not subject:
            marks.append("asked")
        if place == 0:
            marks.extend(("first", "titled") if closing == "：" else ("first",))
        if place == last:
            marks.extend(("last", "leadin") if frame.lead_in else ("last",))
        if firm:
            marks.append("firm")
        before, after = told[place - 1].voice if place else "^", told[place + 1].voice if place < last else "$"
        state = State(ids, voice, tense, frame.lead, frame.head, tuple(marks), before, after)
        matter = voice == SILENT and place == 0 and (verb or "matter" in ids) and not subject
        made.append(Described(clause, index, tuple(hits[place]), state, adverbial, firm, also, matter, joint))
        # Whether a report or a condition opened here colours the next clauses of the sentence.
        past = (tense == "past" if tense in ("past", "future") else past) or reports
        past = past and not (turns and tense != "past")
        condition = condition or supposes
        asked = "ask" in ids or (asked and not subject)
    return made


class _Told(NamedTuple):
    """What a clause's cues say together.

    ``looks_ahead``: the rest of the paragraph too; ``bold``: the promise is loud; ``reports`` and ``supposes``: the rest
    of the sentence is a report, hangs on a condition; ``turns``: a report before it ends here.
    """

    ids: tuple[str, ...]
    voice: str
    looks_ahead: bool
    bold: bool
    reports: bool
    supposes: bool
    turns: bool


_NOTHING = _Told((), SILENT, False, False, False, False, False)
_TURNS = frozenset({"pledged", "conditional", "ongoing", "declined"})


@lru_cache(maxsize=16384)
def _told(ids: tuple[str, ...]) -> _Told:
    cues = [cue_called(name) for name in ids]
    says = {cue.says for cue in cues}
    wide = {cue.says for cue in cues if cue.reach == "sentence"}
    return _Told(
        ids,
        voice=loudest(cues),
        looks_ahead=any(cue.reach == "paragraph" for cue in cues),
        bold=sum(cue.weight for cue in cues if cue.says == "pledged") >= _PLAIN,
        reports="done" in wide,
        supposes="conditional" in wide,
        turns="done" not in says and not _TURNS.isdisjoint(says),
    )


# The marks that a clause's own wording sets, and whether verb, subject, adverbial, number, also and joint are among them.
_Shape = tuple[tuple[str, ...], bool, bool, bool, bool, bool, bool]


@lru_cache(maxsize=8192)
def _shape_of(text: str) -> _Shape:
    subjects, verbs, joints, endings, alsos = _wordings()
    verb = text[:2] in verbs or text[:3] in verbs or text[:1] in verbs
    subject = subjects.match(text)
    joint, adverbial, also = text in joints, text[-1] in endings, text.startswith(alsos)
    number = _NUMBER.search(text) is not None
    marks = []
    if joint:
        marks.append("joint")
    if verb:
        marks.append("verb")
    if subject:
        marks.append("subject")
        rest = text[subject.end() : subject.end() + 3]
        if rest[:2] in verbs or rest in verbs or rest[:1] in verbs:
            marks.append("acts")
    if adverbial:
        marks.append("adverbial")
    if number:
        marks.append("number")
    if also:
        marks.append("also")
    if text[0] == "（" and text[-1] == "）":
        marks.append("parens")
    return tuple(marks), verb, subject is not None, adverbial, number, also, joint


@cache
def _wordings() -> tuple[re.Pattern[str], frozenset[str], frozenset[str], frozenset[str], tuple[str, ...]]:
    """A subject's pattern, verbs, joints, the endings of adverbials, what adds (``rules/frames.toml``)."""
    frames = load_table("frames")
    return (
        re.compile(frames["subject"]["pattern"]),
        frozenset(frames["verb"]["words"]),
        frozenset(frames["joint"]["words"]),
        frozenset(frames["adverbial"]["endings"]),
        tuple(frames["also"]["words"]),
    )


def loudest(cues: Sequence[Cue]) -> str:
    """The stance these cues speak for most loudly, "-" where none speaks."""
    sums: dict[str, float] = {}
    for cue in cues:
        if cue.says != "hint":
            sums[cue.says] = sums.get(cue.says, 0.0) + cue.weight
    return max(_VOICES, key=lambda says: sums.get(says, -1.0)) if sums else SILENT


# Marks that count by themselves, and marks that count together with the clause's voice.
_ALONE = frozenset({"label", "leadin", "joint", "parens", "row", "row_head", "titled"})
_VOICE_LAST = frozenset({"condition", "asked"})
Piece = tuple[object, ...]


def pieces_of(state: State) -> tuple[Piece, Piece, Piece]:
    """The state in parts that are weighed apart, so that each part's score can be remembered."""
    ids, v, tense, lead, head, marks, before, after = state
    return ("cues", ids), ("beside", v, tense, before, after, "firm" in marks, lead, head), ("marks", v, marks)


def features_of(state: State) -> list[str]:
    """The names under which a state is weighed (``rules/stance.toml`` and the learned corrections)."""
    return [name for piece in pieces_of(state) for name in names_of(piece)]


def names_of(piece: Piece) -> list[str]:
    """The features of one part of a state."""
    match piece:
        case ("cues", tuple(ids)):
            says = sorted({cue.says for cue in map(cue_called, ids)} - {"hint"})
            pairs = [f"both={a}+{b}" for i, a in enumerate(says) for b in says[i + 1 :]]
            return ["bias", *(f"c={name}" for name in sorted(set(ids))), *pairs]
        case ("beside", v, tense, before, after, firm, lead, head):
            names = [f"v={v}", f"v={v}&time={tense}", f"v={v}&before={before}", f"v={v}&after={after}"]
            if firm and after != "$":
                names.append(f"firm&v={v}&after={after}")
            return names + [f"v={v}&{kind}={tone}" for kind, tone in (("lead", lead), ("head", head)) if tone]
        case ("marks", str(v), tuple(marks)):
            return [_mark_name(v, mark) for mark in marks]
    raise ValueError(f"no such part of a state: {piece!r}")


def _mark_name(voice: str, mark: str) -> str:
    if mark in _ALONE or (mark == "acts" and voice == SILENT):
        return mark
    return f"{mark}&v={voice}" if mark in _VOICE_LAST else f"v={voice}&{mark}"
