"""The demonstration: an invented district, one letter, and a run of the main job on real parts."""

from pathlib import Path

SAMPLE = Path(__file__).parent / "letter.txt"
