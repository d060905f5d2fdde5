# SPDX-License-Identifier: GPL-2.0
"""Sphinx's configuration of "make htmldocs": README.md and Documentation/*.md as a site."""

import re
import subprocess

from docutils import nodes
from docutils.parsers import Parser

TOP = "../.."

with open(f"{TOP}/Kbuild", encoding="utf-8") as kbuild:
    release = re.search(r"^NOTIFY_MULTI_VERSION := (.*)", kbuild.read(), re.MULTILINE)[1]
project = "notify_multi"
html_title = f"notify_multi {release}"
copyright = "GPL-2.0"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown", ".1": "man"}
include_patterns = ["*.md", "Documentation/*.md", "tools/*.1", "testing/litmus/README.md"]
root_doc = "README"
myst_heading_anchors = 4
# A console may contain a program of another language.
suppress_warnings = ["misc.highlighting_failure"]
html_theme = "alabaster"

HEADING = re.compile(r"^##+ (.*)")
PAGE = re.compile(r"\]\(([\w/.-]+)\.(?:md|1)\)")


class ManParser(Parser):
    """A page of mdoc or man, as mandoc's HTML."""

    supported = ("man",)

    def parse(self, inputstring, document):
        """Append the page to the document."""
        self.setup_parse(inputstring, document)
        html = subprocess.run(("mandoc", "-T", "html", "-O", "fragment"), input=inputstring,
                              stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
        name = re.search(r'^\.Dt ([\w-]+)', inputstring, re.MULTILINE)[1].lower()
        section = nodes.section(ids=[name])
        section += nodes.title(text=f"{name}(1)")
        section += nodes.raw("", html, format="html")
        document += section
        self.finish_parse()


def add_navigation(_app, page, source):
    """Add the pages that README.md lists, in its order and below its headings, to the sidebar."""
    if page != root_doc:
        return
    listed = source[0][source[0].index("## Documentation"):]
    for line in listed.splitlines():
        heading, pages = HEADING.match(line), PAGE.findall(line)
        if heading:
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading[1]}\n```\n"
        elif pages:
            source[0] = source[0][:-len("```\n")] + "\n".join(pages) + "\n```\n"


def setup(app):
    """Register the parser of man pages, and the navigation."""
    app.add_source_parser(ManParser)
    app.connect("source-read", add_navigation)
