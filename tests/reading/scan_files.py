"""Paper: pages drawn, turned a little, soiled, stamped, and packed as a scanner packs them."""

from __future__ import annotations

import io
import math

import numpy as np
import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from tests.reading.sample_files import SERIF


def sheets(pdf: bytes, dpi: int) -> list[Image.Image]:
    """The pages of a PDF as pictures."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [document[i].render(scale=dpi / 72).to_pil().convert("RGB") for i in range(len(document))]


def scanned(sheet: Image.Image, seed: int, skew: float = 1.0, noise: float = 8.0, blur: float = 0.6) -> Image.Image:
    """The sheet as a scanner sees it: askew, grainy, a little out of focus, on paper that is not quite white."""
    chance = np.random.default_rng(seed)
    turned = sheet.rotate(skew, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)).filter(ImageFilter.GaussianBlur(blur))
    pixels = np.asarray(turned, np.float32)
    pixels = pixels * 0.94 + 8 + chance.normal(0, noise, pixels.shape[:2])[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def stamped(sheet: Image.Image, x: float, y: float, dpi: int, text: str = "某某市某某区某某局") -> Image.Image:
    """A red seal of 42 mm around the point (in millimetres), its characters along the rim, a star in the middle."""
    unit = dpi / 25.4
    seal = Image.new("RGB", sheet.size, "white")
    pen = ImageDraw.Draw(seal)
    red = (218, 60, 66)
    centre, radius = (x * unit, y * unit), 21 * unit
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    pen.ellipse(box, outline=red, width=max(2, round(1.2 * unit)))
    star = [(centre[0] + (6 if i % 2 else 2.4) * unit * math.sin(i * math.pi / 5),
             centre[1] + (6 if i % 2 else 2.4) * unit * math.cos(i * math.pi / 5)) for i in range(10)]  # fmt: skip
    pen.polygon(star, fill=red)
    font = ImageFont.truetype(str(SERIF), round(4.5 * unit))
    for i, char in enumerate(text):
        angle = math.radians(-120 + 240 * i / (len(text) - 1))
        at = (centre[0] + 0.8 * radius * math.sin(angle), centre[1] - 0.8 * radius * math.cos(angle))
        pen.text(at, char, red, font, anchor="mm")
    return ImageChops.multiply(sheet, seal)


def as_pdf(pictures: list[Image.Image], dpi: int, quality: int = 75) -> bytes:
    """One picture a page, packed as JPEG."""
    out = io.BytesIO()
    pictures[0].save(out, "PDF", save_all=True, append_images=pictures[1:], resolution=dpi, quality=quality)
    return out.getvalue()


def as_image(picture: Image.Image, kind: str, dpi: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, dpi=(dpi, dpi))
    return out.getvalue()
