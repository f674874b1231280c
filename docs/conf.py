# SPDX-License-Identifier: BSD-3-Clause
"""Settings of the documentation build: ``python3 bootstrap.py docs``."""

import sys
from pathlib import Path

from sksymsim import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "sksymsim"
author = "The sksymsim developers"
copyright = author
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "fragments",  # pages out of CHANGELOG.md and the tables of results
    "pictures",  # drawn by the code of the pages
    "mathml",  # formulas that need neither a network nor JavaScript
]
exclude_patterns = ["_build", "generated/*.inc"]
templates_path = ["_templates"]
default_role = "literal"
smartquotes = False  # quotes are code here, as in form="bilinear"
toc_object_entries_show_parents = "hide"
# Nothing is looked up on a network, so names of other projects stay plain text.
nitpick_ignore_regex = [("py:.*", r"(numpy|scipy|sklearn|joblib|pandas)\..*")]

autosummary_generate = True
numpydoc_show_class_members = False  # the template of a class shows them in full

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"sksymsim {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_sidebars = {"**": []}  # the header has room for every page
html_theme_options = {
    "header_links_before_dropdown": 14,
    "navbar_end": ["search-button", "theme-switcher"],
    "navbar_persistent": [],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def skip_inherited(app, what, name, obj, skip, options):
    """Leave out what scikit-learn documents: get_params, score, set_output, ..."""
    module = getattr(obj, "__module__", None) or ""
    return True if module.startswith("sklearn.") else None


def setup(app):
    """Connect the function above."""
    app.connect("autodoc-skip-member", skip_inherited)
