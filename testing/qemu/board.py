# SPDX-License-Identifier: GPL-2.0
"""Base class for scripts that move GPIO lines of a running board."""

import vm


class Board:
    """Processes the board's console. Subclasses handle their own words of the guest."""

    def __init__(self, machine):
        self.machine = machine
        self.failures = []

    def handle_word(self, word, rest):
        """Handle a word of the guest and the rest of its line."""

    def process_line(self, line):
        """Process a line of the console. Return the guest's word, or None."""
        if vm.reports_problem(line):
            self.failures.append(line)
        if not line.startswith("@"):
            return None
        word, _, rest = line[1:].partition(" ")
        if word == "failed":
            self.failures.append(rest)
        else:
            self.handle_word(word, rest)
        return word

    def wait(self, seconds, done):
        """Process lines until done(word) is true or the machine ends."""
        for line in self.machine.lines(seconds):
            if done(self.process_line(line)):
                return True
        return False
