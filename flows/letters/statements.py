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
    labels = judged(sentences, clauses, rule_weights())
    return tuple(_drafts(letter, sentences, clauses, labels))


def _drafts(
    letter: ReplyLetter, sentences: Sequence[Sentence], clauses: Sequence[Described], labels: Sequence[Judged]
) -> Iterator[Draft]:
    start = 0
    while start < len(clauses):
        end = start + 1
        while end < len(clauses) and _joined(clauses, labels, end):
            end += 1
        label = labels[start].label
        if label != "none":
            yield _draft(letter, sentences[clauses[start].sentence], clauses[start:end], labels[start:end], label)
        start = end


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
