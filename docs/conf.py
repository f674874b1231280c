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
    "sphinx.ext.extlinks",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "fragments",  # pages out of CHANGELOG.md and the tables of results
    "pictures",  # drawn by the code of the pages
    "mathml",  # formulas that need neither a network nor JavaScript
]
# What sphinx-gallery reads is no page yet.
exclude_patterns = ["_build", "generated/*.inc", "examples"]
templates_path = ["_templates"]
default_role = "literal"
smartquotes = False  # quotes are code here, as in form="bilinear"
toc_object_entries_show_parents = "hide"
# Nothing is looked up on a network, so names of other projects stay plain text.
nitpick_ignore_regex = [("py:.*", r"(numpy|scipy|sklearn|joblib|pandas)\..*")]

# Threads in which people have asked: a name, and where it is.
extlinks = {"thread": ("https://github.com/%s", None)}

autosummary_generate = True
autodoc_typehints = "none"  # the tables of parameters say more, and in words
numpydoc_show_class_members = False  # the template of a class shows them in full

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "generated/examples",
    # Each page of the reference shows the examples that use what it describes.
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sksymsim",),
    "run_stale_examples": True,  # the package may have changed where they have not
    "only_warn_on_example_error": False,
    "matplotlib_animations": False,
    "image_srcset": ["2x"],
    "thumbnail_size": (480, 320),
    "within_subsection_order": "gallery.LearningOrder",
    "show_memory": False,
    "write_computation_times": False,
    "min_reported_time": 600,  # seconds: how busy the machine was is of no interest
    "show_signature": False,
    "remove_config_comments": True,
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"sksymsim {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
# The pages of a section stand at the left; these have no others beside them.
ALONE = ["index", "getting_started", "comparison", "faq", "search", "genindex"]
html_sidebars = {page: [] for page in ALONE}
html_theme_options = {
    "header_links_before_dropdown": 7,
    "show_nav_level": 2,
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
