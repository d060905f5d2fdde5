# SPDX-License-Identifier: GPL-2.0
"""A board that is driven while it runs, and what it says: for those who move its lines."""

import vm


class Board:
    """Hears the board's console: those derived from this know the words that are theirs."""

    def __init__(self, machine):
        self.machine = machine
        self.failures = []

    def take(self, word, rest):
        """Takes a word of the guest's, and what follows it."""

    def hear(self, line):
        """Takes a line of the console; returns the guest's word, if it is one."""
        if vm.complaint(line):
            self.failures.append(line)
        if not line.startswith("@"):
            return None
        word, _, rest = line[1:].partition(" ")
        if word == "failed":
            self.failures.append(rest)
        else:
            self.take(word, rest)
        return word

    def wait(self, seconds, done):
        """Listens until done(word) or the machine ends."""
        for line in self.machine.lines(seconds):
            if done(self.hear(line)):
                return True
        return False
