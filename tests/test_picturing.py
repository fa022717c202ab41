"""Pictures are drawn when nobody is at work; a rush waits for none, and what is too much is refused."""

from __future__ import annotations

import threading

from flows.picturing import Easel


def test_nothing_is_drawn_while_a_letter_is_worked_on() -> None:
    easel, drawn = Easel(calm=0.01), threading.Event()
    with easel.at_work():
        assert easel.put(drawn.set)
        assert not drawn.wait(0.2)
    assert drawn.wait(10)


def test_a_rush_without_end_does_not_hold_it_for_ever() -> None:
    easel, drawn = Easel(patience=0.1, calm=0.01), threading.Event()
    with easel.at_work():
        assert easel.put(drawn.set)
        assert drawn.wait(10)


def test_one_that_fails_does_not_stop_the_next() -> None:
    easel, drawn = Easel(calm=0.01), threading.Event()

    def fails() -> None:
        raise ValueError("no page")

    assert easel.put(fails)
    assert easel.put(drawn.set)
    assert drawn.wait(10)


def test_too_many_are_refused() -> None:
    easel, drawn = Easel(waiting=2, calm=0.01), threading.Semaphore(0)
    with easel.at_work():
        taken = [easel.put(drawn.release) for _ in range(5)]
        assert easel.is_full()
    # The thread may have taken one job in hand before the others came.
    assert taken[:2] == [True, True]
    assert taken[3:] == [False, False]
    assert all(drawn.acquire(timeout=10) for _ in range(sum(taken)))
