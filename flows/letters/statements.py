"""Finds the statements of a letter: runs of clauses with one stance inside one sentence or item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from flows.letters.clauses import Sentence, sentences_of, view_of
from flows.letters.cues import SILENT
from flows.letters.model import Draft, ReplyLetter, Span, Stance
from flows.letters.rules.load import load_table
from flows.letters.stance import Label, Scores, Weights, confidence, judged
from flows.letters.stance_features import Described, described
from flows.letters.stance_marks import ACTS, ADVERBIAL, ALSO, FIRM, JOINT, LABEL, LEADIN, NUMBER, PAST
from flows.letters.stance_model import stance_weights


def find_statements(letter: ReplyLetter) -> tuple[Draft, ...]:
    """Every statement of the body, in text order, the ``done`` ones too; none in a letter that is no reply (``other``)."""
    return statements_with(letter, stance_weights())


def statements_with(letter: ReplyLetter, weights: Weights) -> tuple[Draft, ...]:
    """As ``find_statements``, with other weights: for training and for comparing."""
    if letter.header.letter_type == "other":
        return ()
    view = view_of(letter.text.text)
    sentences = sentences_of(letter, view)
    clauses = described(letter, view, sentences)
    labels, scores = judged(sentences, clauses, weights)
    _temper(clauses, labels, scores)
    return tuple(
        _draft(letter, sentences, clauses[start:end], stance, _sureness(clauses, labels, scores, start, end))
        for start, end, stance in _with_reports(clauses, labels, _runs(clauses, labels))
    )


def _temper(clauses: Sequence[Described], labels: list[Label], scores: list[Scores]) -> None:
    """A condition hands its stance on, and a promise without date or number that runs into one is no more than that.

    "我局将会同有关部门，研究设立专项的可行性" is one conditional statement; "…于9月底前建成180间，并视效果研究推广" is two.
    """
    for at in range(1, len(labels)):
        before, label = labels[at - 1], labels[at]
        if before == label or clauses[at - 1].sentence != clauses[at].sentence:
            continue
        if before == "conditional" and label == "none" and clauses[at - 1].marks & ADVERBIAL:
            labels[at], scores[at] = before, scores[at - 1]
        if before == "pledged" and label == "declined" and clauses[at - 1].matter:
            labels[at - 1] = "none"  # "设立基金，目前难以实现" names what is refused
    for at in range(len(labels) - 1, 0, -1):
        if labels[at] != "conditional" or labels[at - 1] != "pledged" or clauses[at - 1].marks & FIRM:
            continue
        if clauses[at - 1].sentence == clauses[at].sentence and not clauses[at].marks & ALSO:
            labels[at - 1], scores[at - 1] = labels[at], scores[at]


def _runs(clauses: Sequence[Described], labels: Sequence[Label]) -> list[tuple[int, int, Stance]]:
    """Where statements begin and end, and their stance; a reason or the matter itself goes with what follows it."""
    runs: list[tuple[int, int, Stance]] = []
    start = 0
    while start < len(clauses):
        end = start + 1
        stance = labels[start]
        if stance == "none":
            start = end
            continue
        while end < len(clauses) and _joined(clauses, labels, end):
            end += 1
        if stance in ("pledged", "conditional", "ongoing"):
            end = _trailed(clauses, labels, end)
        first = _grown(clauses, labels, _trimmed(clauses, start, end, stance), end)
        while runs and runs[-1][1] > first:
            begun, _, held = runs.pop()
            if begun < first:
                runs.append((begun, first, held))
        runs.append((first, end, stance))
        start = end
    return runs


def _trailed(clauses: Sequence[Described], labels: Sequence[Label], end: int) -> int:
    """Where the statement ends, with the clauses after it that only say what for: they have no voice and no time."""
    while end < len(clauses) and clauses[end].sentence == clauses[end - 1].sentence and labels[end] == "none":
        clause = clauses[end]
        if clause.said.voice not in (SILENT, "none") or clause.tense != "-" or clause.marks & _NEW or clause.said.apart:
            break
        end += 1
    return end


_NEW = PAST | ACTS | NUMBER | JOINT


def _with_reports(
    clauses: Sequence[Described], labels: Sequence[Label], runs: Sequence[tuple[int, int, Stance]]
) -> Iterator[tuple[int, int, Stance]]:
    """``runs`` and, between them, the stretches of a sentence that tell what is done or so."""
    at = 0
    for start, end, stance in (*runs, (len(clauses), len(clauses), None)):
        while at < start:
            upto = at + 1
            while upto < start and clauses[upto].sentence == clauses[at].sentence:
                upto += 1
            first = at
            while first < upto and (clauses[first].marks & JOINT or clauses[first].said.apart):
                first += 1
            told = "done" in [clauses[i].said.voice for i in range(first, upto)]
            if told and not clauses[first].marks & _GOVERNS:
                yield first, upto, "done"
            at = upto
        if stance is not None:
            yield start, end, stance
        at = max(at, end)


_GOVERNS = LABEL | LEADIN


def _trimmed(clauses: Sequence[Described], start: int, end: int, stance: Label) -> int:
    """Where a refusal begins: facts told before it are looked at one by one (see ``_belongs``)."""
    if stance != "declined":
        return start
    return next((at for at in range(start, end) if clauses[at].voice == "declined"), start)


def _grown(clauses: Sequence[Described], labels: Sequence[Label], start: int, end: int) -> int:
    """Where the statement begins, with the clauses before it that give its reason, its object or its matter."""
    first, stance = start, labels[start]
    room = clauses[end - 1].clause.end - clauses[start].clause.start - 2
    while first > 0 and clauses[first - 1].sentence == clauses[start].sentence:
        before = clauses[first - 1]
        if labels[first - 1] not in ("none", stance) or before.said.apart:
            break
        if stance == "ongoing" and first == start and "not_yet" in clauses[start].said.ids and before.voice in ("done", "-"):
            first -= 1  # what was begun, before what is still wanting
            break
        if not _belongs(before, stance, room):
            told = before.clause.end - before.clause.start
            if stance == "declined" and first == start and told <= room * _fact_times() and not before.marks & JOINT:
                first -= 1  # a fact no longer than the refusal it stands before is told as its reason
            break
        first -= 1
    return first


@cache
def _fact_times() -> float:
    return float(load_table("frames")["fact"]["times"])


def _belongs(before: Described, stance: Label, room: int) -> bool:
    """The clause says that it is the reason, the object or the matter of the statement after it."""
    if "reason_long" in before.said.ids:
        told = before.clause.end - before.clause.start
        return stance in ("declined", "conditional") and told <= max(_LONG_REASON, room)
    return stance in before.said.joins or bool(before.marks & ADVERBIAL) or (stance == "declined" and before.matter)


# The mark that closes a statement belongs to it; a semicolon only parts it from the next.
_FULL_STOPS = frozenset("。！？")
# A reason with 由于 or 考虑到 that is longer than this stands by itself.
_LONG_REASON = 18


def _joined(clauses: Sequence[Described], labels: Sequence[Label], at: int) -> bool:
    """The clause at ``at`` goes on with the statement of the one before it."""
    return clauses[at].sentence == clauses[at - 1].sentence and labels[at] == labels[at - 1]


def _sureness(
    clauses: Sequence[Described], labels: Sequence[Label], scores: Sequence[Scores], start: int, end: int
) -> float:
    """How sure stance and span are (0..1): the surest clause inside, times the less sure of those right outside.

    A clause of the same sentence that stays outside may belong to the statement; the less clear that is, the less sure
    is the span.
    """
    sentence = clauses[start].sentence
    sure = max([confidence(labels[at], scores[at]) for at in range(start, end)])
    beside = 1.0
    if start > 0 and clauses[start - 1].sentence == sentence:
        beside = confidence(labels[start - 1], scores[start - 1])
    if end < len(clauses) and clauses[end].sentence == sentence:
        beside = min(beside, confidence(labels[end], scores[end]))
    return round(sure * beside, 4)


def _draft(
    letter: ReplyLetter, sentences: Sequence[Sentence], run: Sequence[Described], stance: Stance, sure: float
) -> Draft:
    sentence = sentences[run[0].sentence]
    section = letter.sections[sentence.section] if sentence.section >= 0 else None
    cues = dict.fromkeys(run[0].said.ids if len(run) == 1 else [name for item in run for name in item.said.ids])
    last = run[-1].clause
    return Draft(
        span=Span(run[0].clause.start, last.end + (last.mark in _FULL_STOPS)),
        stance=stance,
        cues=tuple(cues),
        confidence=sure,
        sentence=Span(sentence.start, sentence.end),
        section=section.number if section else None,
        section_index=sentence.section if section else None,
        item=sentence.item,
    )
