"""Finds the statements of a letter: runs of clauses with one stance inside one sentence or item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flows.letters.clauses import Sentence, sentences_of, view_of
from flows.letters.model import Draft, ReplyLetter, Span, Stance
from flows.letters.stance import Judged, judged, rule_weights
from flows.letters.stance_features import Described, described


def find_statements(letter: ReplyLetter) -> tuple[Draft, ...]:
    """Every statement of the body, in text order, the ``done`` ones too; none in a letter that is no reply (``other``)."""
    if letter.header.letter_type == "other":
        return ()
    view = view_of(letter.text.text)
    sentences = sentences_of(letter, view)
    clauses = described(letter, view, sentences)
    labels = _tempered(clauses, judged(sentences, clauses, rule_weights()))
    return tuple(_drafts(letter, sentences, clauses, labels))


def _tempered(clauses: Sequence[Described], labels: Sequence[Judged]) -> list[Judged]:
    """A promise that names neither date nor number and runs into a condition or a mere study is no more than that.

    "我局将会同有关部门，研究设立专项的可行性" is one conditional statement; "…于9月底前建成180间，并视效果研究推广" is two.
    """
    out = list(labels)
    for at in range(len(out) - 1, 0, -1):
        before, after = out[at - 1], out[at]
        if before.label != "pledged" or after.label != "conditional" or clauses[at - 1].firm:
            continue
        if clauses[at - 1].sentence == clauses[at].sentence and not clauses[at].also:
            out[at - 1] = Judged("conditional", after.confidence)
    return out


def _drafts(
    letter: ReplyLetter, sentences: Sequence[Sentence], clauses: Sequence[Described], labels: Sequence[Judged]
) -> Iterator[Draft]:
    taken = start = 0
    while start < len(clauses):
        end = start + 1
        while end < len(clauses) and _joined(clauses, labels, end):
            end += 1
        label = labels[start].label
        if label != "none":
            first = _first(clauses, labels, _trimmed(clauses, start, end, label), taken)
            yield _draft(letter, sentences[clauses[start].sentence], clauses[first:end], labels[start:end], label)
            taken = end
        start = end


def _trimmed(clauses: Sequence[Described], start: int, end: int, stance: Stance) -> int:
    """Where a refusal begins: bare facts told before it stay outside, a reason or its object inside."""
    if stance != "declined":
        return start
    first = next((at for at in range(start, end) if clauses[at].voice == "declined"), start)
    while first > start and any("declined" in hit.cue.joins for hit in clauses[first - 1].hits):
        first -= 1
    if first > start and clauses[first - 1].clause.end - clauses[first - 1].clause.start <= _BRIEF:
        first -= 1
    return first


# A fact of this length before a refusal is told as its reason.
_BRIEF = 14


def _first(clauses: Sequence[Described], labels: Sequence[Judged], start: int, taken: int) -> int:
    """Where the statement begins: clauses right before it that only give its reason or its object belong to it."""
    first = start
    while first > taken and clauses[first - 1].sentence == clauses[start].sentence:
        if not any(labels[start].label in hit.cue.joins for hit in clauses[first - 1].hits):
            break
        if labels[first - 1].label not in ("none", "done", labels[start].label):
            break
        first -= 1
    return first


def _joined(clauses: Sequence[Described], labels: Sequence[Judged], at: int) -> bool:
    """The clause at ``at`` goes on with the statement of the one before it."""
    return clauses[at].sentence == clauses[at - 1].sentence and labels[at].label == labels[at - 1].label


def _draft(
    letter: ReplyLetter, sentence: Sentence, run: Sequence[Described], labels: Sequence[Judged], stance: Stance
) -> Draft:
    section = letter.sections[sentence.section] if sentence.section >= 0 else None
    cues = dict.fromkeys(hit.cue.id for item in run for hit in item.hits)
    return Draft(
        span=Span(run[0].clause.start, run[-1].clause.end),
        stance=stance,
        cues=tuple(cues),
        confidence=round(max(label.confidence for label in labels), 4),
        sentence=Span(sentence.start, sentence.end),
        section=section.number if section else None,
        section_index=sentence.section if section else None,
        item=sentence.item,
    )
