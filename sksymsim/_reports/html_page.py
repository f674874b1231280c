# SPDX-License-Identifier: BSD-3-Clause
"""What all pages of HTML have in common: the frame and the style."""

from html import escape
from pathlib import Path

from sksymsim._version import __version__

STYLE = """\
:root { color-scheme: light; }
body { background: #fff; color: #1a1a1a; font: 16px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin-bottom: .3rem;
  overflow-wrap: anywhere; }
h2 { border-bottom: 1px solid #ccc; font-size: 1.2rem; margin-top: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { color: #555; font-size: .9rem; padding: .3rem .6rem; text-align: left; }
td, th { border-bottom: 1px solid #ddd; vertical-align: top; }
thead th { border-bottom: 2px solid #888; vertical-align: bottom; }
.measures { width: 100%; }
small { color: #555; }
.better { color: #005a8c; }
.worse { color: #a84300; }
.beware { background: #fff6e5; border-left: 4px solid #e69f00; margin: 1rem 0;
  padding: .6rem 1rem; }
.beware ul { margin: .3rem 0; padding-left: 1.2rem; }
.pictures { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); }
figure { break-inside: avoid; margin: 0; }
figure img { height: auto; max-width: 100%; width: 100%; }
figcaption { color: #444; font-size: .9rem; }
pre { background: #f6f6f6; overflow-wrap: anywhere; padding: .8rem;
  white-space: pre-wrap; }
footer { color: #666; font-size: .85rem; margin-top: 2rem; }
@page { margin: 1.5cm; }
@media print {
  body { font-size: 10pt; margin: 0; max-width: none; padding: 0; }
  tr, .beware, .counts, pre { break-inside: avoid; }
  h2 { break-after: avoid; }
  .pictures { grid-template-columns: 1fr 1fr; }
}
"""


def full_page(title, body, path=None):
    """Return a whole page with a headline, and who made it; write it where wanted.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML.
    path : str or path-like, default=None
        The file; None writes none.
    """
    title = escape(title)
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{body}\n"
        f"<footer>Made by sksymsim {__version__}.</footer>\n"
        "</main>\n</body>\n</html>\n"
    )
    if path is not None:
        Path(path).write_text(page, encoding="utf-8")
    return page
