"""What new rules change in an old letter is shown commitment by commitment."""

from __future__ import annotations

import copy
from typing import Any

from flows.letters.record_changes import compare, tell
from tests.proof.letters_for_proof import letter


def other() -> dict[str, Any]:
    return copy.deepcopy(letter(1)[2])


def test_the_same_record_is_no_change() -> None:
    change = compare(other(), other())
    assert change.is_none and tell([change]) == ""


def test_gained_and_lost() -> None:
    before, after = other(), other()
    after["statements"][0] |= {"id": "0" * 12 + "-" + "1" * 12, "text": "另一承诺"}
    change = compare(before, after)
    assert [s["text"] for s in change.gained] == ["另一承诺"] and len(change.lost) == 1
    assert "  + " in tell([change]) and "  - " in tell([change])


def test_a_promise_that_became_a_report_is_lost() -> None:
    after = other()
    after["statements"][0]["stance"] = "done"
    assert len(compare(other(), after).lost) == 1


def test_changed_fields_are_named_and_places_alone_are_not() -> None:
    after = other()
    after["statements"][0]["deadline"] = {**after["statements"][0]["deadline"], "date": "2024-12-30", "span": [1, 2]}
    after["statements"][0]["owners"][0]["span"] = [0, 2]
    after["header"]["outcome"] = "解决或采纳"
    change = compare(other(), after)
    assert [list(c.fields) for c in change.changed] == [["deadline"]]
    assert change.header == {"outcome": (None, "解决或采纳")}
    assert "2024-12-30" in tell([change]) and "解决或采纳" in tell([change])
