"""Recognises print on a page with rapidocr on the CPU; the models come with the package, nothing is downloaded."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.letters.reading.geometry import gutter
from flows.letters.reading.pictures import Picture
from flows.letters.reading.recognition import Recognised, RecognisedPage

Pixels = NDArray[np.uint8]

# The angle classifier is off: it turns upright lines over and costs more characters than all else together.
_PARAMETERS = {
    "Global.use_cls": False,
    "Global.log_level": "critical",
    "Global.max_side_len": 4000,
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
_SIDEWAYS = 0.1
_UPRIGHT = 0.8  # mean confidence below which the page is tried the other way up
_SAME_ROW = 0.5
_HALF_LEFT, _HALF_RIGHT = "，。、；：！？）》”’】〕,.;:)", "（《“‘【〔("
_SEAL_ALONE = 150  # red channel above which no black ink lies under the seal


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float

    def box(self, scale: float) -> tuple[float, float, float, float]:
        """In points."""
        left, top, right, bottom = (round(edge * scale, 1) for edge in self.edges)
        return left, top, right, bottom

    @property
    def edges(self) -> tuple[float, float, float, float]:
        return self.left, self.top, self.right, self.bottom


class RapidRecogniser:
    """One engine, one thread; about 2.5 s of CPU and 450 MB for a page."""

    def __init__(self) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        self._engine = RapidOCR(params=_PARAMETERS)

    def recognise(self, picture: Picture) -> RecognisedPage:
        """The page's lines from top to bottom."""
        pixels, angle = _levelled(_without_seal(np.asarray(picture.image)))
        found, quarters = self._seen(pixels), 0
        for other_way in (2, 1, 3) if _is_doubtful(found) else ():
            other = self._seen(np.ascontiguousarray(np.rot90(pixels, other_way)))
            if _rank(other) > _rank(found):
                found, quarters = other, other_way
            if found and not _is_doubtful(found):
                break
        scale = picture.width / picture.image.width
        upright = picture.image.size[::-1] if quarters % 2 else picture.image.size
        lines = tuple(
            Recognised(row.text, row.box(scale), round(row.score, 4))
            for row in _rows(found, *upright)
        )
        return RecognisedPage(picture.page, picture.width, picture.height, lines, angle, quarters)

    def _seen(self, pixels: Pixels) -> list[_Found]:
        result: Any = self._engine(pixels, use_cls=False, return_word_box=True, return_single_char_box=True)
        if result is None or result.boxes is None or not result.txts:
            return []
        gray = pixels.min(axis=2)
        chars = result.word_results or [()] * len(result.txts)
        found = []
        for text, score, box, places in zip(result.txts, result.scores, result.boxes, chars, strict=True):
            left, top = (max(0.0, float(edge)) for edge in box.min(axis=0))
            right, bottom = (float(edge) for edge in box.max(axis=0))
            if text.strip():
                ink = _ink(gray[int(top) : int(bottom) + 1, int(left) : int(right) + 1])
                found.append(_Found(_spaced(text, places, ink, left), float(score), left, top, right, bottom))
        return found


def _spaced(text: str, chars: Sequence[tuple[str, float, Any]], ink: NDArray[np.bool_], left: float) -> str:
    """The line with the wide gaps in its ink shown as blanks, as between two entries of a form.

    ``ink``: where the line's box is dark; ``left``: the box's edge, from which the characters' places count.
    """
    if "".join(char for char, _, _ in chars).replace(" ", "") != text.replace(" ", ""):
        return text
    places = [(char, sum(point[0] for point in box) / len(box) - left) for char, _, box in chars if char != " "]
    size = _pitch(places) or 0.8 * ink.shape[0]
    out, done = "", 0
    for start, end in _blank_runs(ink):
        before = sum(at < (start + end) / 2 for _, at in places)
        if not 0 < before < len(places) or any(start < at < end for _, at in places):
            continue
        # Marks fill half of their cell: the rest is no gap.
        own = 0.5 * (places[before - 1][0] in _HALF_LEFT) + 0.5 * (places[before][0] in _HALF_RIGHT) + 0.15
        gap = (end - start) / size - own
        if gap >= 0.8:
            out += "".join(char for char, _ in places[done:before]) + "\u3000" * min(max(1, round(gap)), 12)
            done = before
    return out + "".join(char for char, _ in places[done:]) if out else text


def _ink(gray: Pixels) -> NDArray[np.bool_]:
    """Where a line's picture is darker than its paper, thin strokes too; nowhere on a page without contrast."""
    paper, print_ = np.percentile(gray, (80, 2)).tolist() if gray.size else (0.0, 0.0)
    return np.asarray(gray < paper - max(40.0, 0.35 * (paper - print_)))


def _pitch(places: Sequence[tuple[str, float]]) -> float:
    """The usual distance from one wide character to the next; 0 where too few stand together to tell."""
    steps = sorted(b - a for (char, a), (other, b) in pairwise(places) if not char.isascii() and not other.isascii())
    return steps[len(steps) // 2] if len(steps) >= 4 else 0.0


def _blank_runs(ink: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The columns ``[start, end)`` between two inked ones that have no ink."""
    inked = np.flatnonzero(ink.any(axis=0))
    for last, following in pairwise(inked.tolist()):
        if following - last > 0.4 * ink.shape[0]:
            yield last + 1, following


def _is_doubtful(found: list[_Found]) -> bool:
    """True where the page may stand the other way: little confidence, or boxes that are columns, not lines."""
    return not found or _mean(found) < _UPRIGHT or _are_columns(found)


def _are_columns(found: list[_Found]) -> bool:
    upright = sum(len(one.text) for one in found if one.right - one.left > one.bottom - one.top)
    return 2 * upright < sum(len(one.text) for one in found)


def _rank(found: list[_Found]) -> float:
    """How well a page stands: recognition reads a line on its side as surely as a level one, but then lines are columns."""
    return _mean(found) - _SIDEWAYS * _are_columns(found)


def _mean(found: list[_Found]) -> float:
    letters = sum(len(one.text) for one in found)
    return sum(one.score * len(one.text) for one in found) / letters if letters else 0.0


def _without_seal(pixels: Pixels) -> Pixels:
    """Where a red seal lies, the red channel shows the print under it and the seal itself becomes paper.

    Red that is no seal (a red head, a rule) stays as it is.
    """
    red, green, blue = (pixels[..., i].astype(np.int16) for i in range(3))
    stained = (red - np.maximum(green, blue)) > 40
    if stained.mean() < 0.0005:
        return pixels
    under = np.where(red > _SEAL_ALONE, 255, red).astype(np.uint8)
    out = pixels.copy()
    for rows, columns in _seals(stained):
        out[rows, columns][stained[rows, columns]] = under[rows, columns][stained[rows, columns]][:, None]
    return out


def _seals(stained: NDArray[np.bool_]) -> Iterator[tuple[slice, slice]]:
    """Red blots about as wide as high, a seventh to a third of the page's width: seals measure 38 to 50 mm."""
    import cv2

    width = stained.shape[1]
    reach = max(3, width // 90)
    spread = cv2.dilate(stained.astype(np.uint8), np.ones((reach, reach), np.uint8))
    count, _, blots, _ = cv2.connectedComponentsWithStats(spread)
    for left, top, across, down, _ in blots[1:count].tolist():
        if 0.13 * width < across < 0.34 * width and 0.6 < across / down < 1.6:
            yield slice(top, top + down), slice(left, left + across)


def _levelled(pixels: Pixels) -> tuple[Pixels, float]:
    """The page turned so that its lines are level, and the angle in degrees; small angles are left."""
    import cv2

    angle = _skew(pixels)
    if abs(angle) < 0.3:
        return pixels, 0.0
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(pixels, turn, (width, height), borderValue=(255, 255, 255)), np.uint8), angle


def _skew(pixels: Pixels) -> float:
    """The angle at which ink gathers in the sharpest rows, within ±4 degrees."""
    import cv2

    height, width = pixels.shape[:2]
    scale = 700 / max(height, width)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)

    def sharpness(angle: float) -> float:
        turn = cv2.getRotationMatrix2D((ink.shape[1] / 2, ink.shape[0] / 2), angle, 1.0)
        profile = cv2.warpAffine(ink, turn, (ink.shape[1], ink.shape[0])).sum(axis=1, dtype=np.float64)
        return float(((profile[1:] - profile[:-1]) ** 2).sum())

    coarse = max(np.arange(-4, 4.01, 0.5).tolist(), key=sharpness)
    return float(max(np.arange(coarse - 0.4, coarse + 0.41, 0.1).tolist(), key=sharpness))


def _rows(found: list[_Found], width: int, height: int) -> list[_Found]:
    """Boxes side by side are one line, parted by blanks as wide as the gap; two sheets side by side stay two."""
    middle = gutter([(one.left, one.right) for one in found], width, height)
    if middle is None:
        return _joined_rows(found)
    left, right = [one for one in found if one.left < middle], [one for one in found if one.left >= middle]
    return _joined_rows(left) + _joined_rows(right)


def _joined_rows(found: list[_Found]) -> list[_Found]:
    rows: list[list[_Found]] = []
    for one in sorted(found, key=lambda box: (box.top + box.bottom) / 2):
        if rows and _beside(rows[-1], one):
            rows[-1].append(one)
        else:
            rows.append([one])
    return [_joined(sorted(row, key=lambda box: box.left)) for row in rows]


def _beside(row: list[_Found], one: _Found) -> bool:
    last = row[-1]
    overlap = min(last.bottom, one.bottom) - max(last.top, one.top)
    lower = min(last.bottom - last.top, one.bottom - one.top)
    apart = all(one.left >= other.right - 0.3 * lower or one.right <= other.left + 0.3 * lower for other in row)
    return overlap > _SAME_ROW * lower and apart


def _joined(row: list[_Found]) -> _Found:
    text = row[0].text
    for before, one in pairwise(row):
        gap = (one.left - before.right) / max(one.bottom - one.top, 1.0)
        text += "\u3000" * min(round(gap), 8) + one.text if gap >= 0.8 else one.text
    letters = sum(len(one.text) for one in row)
    score = sum(one.score * len(one.text) for one in row) / letters
    left, top, _, _ = map(min, zip(*(one.edges for one in row), strict=True))
    _, _, right, bottom = map(max, zip(*(one.edges for one in row), strict=True))
    return _Found(text, score, left, top, right, bottom)
