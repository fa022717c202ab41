"""What duban knows about letters: pure functions from bytes, rules and dates to values."""
