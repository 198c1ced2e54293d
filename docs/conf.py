"""How sphinx builds the site: ``sphinx-build -W docs build/site``, without a network."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import building

import mle_toolkit

project = "mle_toolkit"
author = "the authors of mle_toolkit"
version = release = mle_toolkit.__version__
project_copyright = "the authors of mle_toolkit; BSD 3-Clause licence"

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["examples", "gallery/*.ipynb"]
nitpicky = False
default_role = "literal"  # a name between single backquotes in a docstring
highlight_language = "none"
suppress_warnings = ["config.cache"]  # functions among the settings of the gallery

# --- pages ---
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

# --- docstrings ---
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections say types, in words
autodoc_preserve_defaults = True
numpydoc_show_class_members = False  # the page of a class has them in full

# --- gallery: every script is executed ---
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "image_scrapers": (building.draw_figures,),
    "capture_repr": ("__str__",),
    "ignore_repr_types": r"matplotlib|numpy\.ndarray",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
}

# --- looks ---
html_theme = "pydata_sphinx_theme"
html_title = "mle_toolkit"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}
html_math_renderer = "mathml"


def setup(app: Any) -> None:
    """Add what sphinx does not do by itself."""
    building.setup(app)
