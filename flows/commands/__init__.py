"""The sub-commands of ``duban``, one module a group; each is thin and says what it did."""
