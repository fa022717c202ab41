"""Recognises print on a page with rapidocr on the CPU; the models come with the package, nothing is downloaded."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
_UPRIGHT = 0.8  # mean confidence below which the page is tried the other way up
_SAME_ROW = 0.5


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


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
        """The page's lines from top to bottom, boxes in points of the page as given (also where it was turned)."""
        pixels, angle = _levelled(_without_seal(np.asarray(picture.image)))
        found, turned = self._seen(pixels), False
        if not found or _mean(found) < _UPRIGHT:
            other = self._seen(np.ascontiguousarray(pixels[::-1, ::-1]))
            if other and _mean(other) > _mean(found):
                found, turned = other, True
        scale = picture.width / picture.image.width
        size = (picture.image.width, picture.image.height)
        lines = [
            Recognised(row.text, _placed(row, size, angle, turned, scale), round(row.score, 4)) for row in _rows(found)
        ]
        return RecognisedPage(picture.page, picture.width, picture.height, tuple(lines), turned)

    def _seen(self, pixels: Pixels) -> list[_Found]:
        result: Any = self._engine(pixels, use_cls=False)
        if result is None or result.boxes is None or not result.txts:
            return []
        return [
            _Found(text, float(score), *box.min(axis=0).tolist(), *box.max(axis=0).tolist())
            for text, score, box in zip(result.txts, result.scores, result.boxes, strict=True)
            if text.strip()
        ]


def _mean(found: list[_Found]) -> float:
    letters = sum(len(one.text) for one in found)
    return sum(one.score * len(one.text) for one in found) / letters if letters else 0.0


def _without_seal(pixels: Pixels) -> Pixels:
    """Where a red seal lies on print, the red channel shows the print alone; a page without red stays as it is."""
    red, green, blue = (pixels[..., i].astype(np.int16) for i in range(3))
    stained = (red - np.maximum(green, blue)) > 40
    if stained.mean() < 0.0005:
        return pixels
    out = pixels.copy()
    out[stained] = pixels[..., :1].repeat(3, axis=2)[stained]
    return out


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


def _rows(found: list[_Found]) -> list[_Found]:
    """Boxes side by side are one line, parted by blanks as wide as the gap."""
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
    edges = [(one.left, one.top, one.right, one.bottom) for one in row]
    left, top, _, _ = map(min, zip(*edges, strict=True))
    _, _, right, bottom = map(max, zip(*edges, strict=True))
    return _Found(text, score, left, top, right, bottom)


def _placed(
    row: _Found, size: tuple[int, int], angle: float, turned: bool, scale: float
) -> tuple[float, float, float, float]:
    """The row's box on the page as given, in points."""
    width, height = size
    corners = np.array([(x, y) for x in (row.left, row.right) for y in (row.top, row.bottom)], np.float64)
    if turned:
        corners = np.array([width, height]) - corners
    centre = np.array([width / 2, height / 2])
    sin, cos = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    back = (corners - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre
    left, top = (back.min(axis=0) * scale).round(1).tolist()
    right, bottom = (back.max(axis=0) * scale).round(1).tolist()
    return left, top, right, bottom
