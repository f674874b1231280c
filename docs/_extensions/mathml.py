# SPDX-License-Identifier: BSD-3-Clause
"""Formulas as MathML, which browsers draw themselves: no script, no network.

The converter is that of docutils. A formula that it cannot read is a warning, and so
an error of the build.
"""

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)


def to_mathml(node, display):
    """Return the formula of a node as a MathML element."""
    try:
        element = tex2mathml(node.astext())
    except MathError as error:
        logger.warning("cannot convert formula: %s", error, location=node)
        return node.astext()
    # Not by an argument of tex2mathml: its name has changed between versions.
    return element.replace("<math", f'<math display="{display}"', 1)


def visit_inline(self, node):
    """Write a formula inside a line."""
    self.body.append(to_mathml(node, "inline"))
    raise nodes.SkipNode


def visit_block(self, node):
    """Write a formula of its own, with its number if it has one."""
    self.body.append(self.starttag(node, "div", CLASS="formula"))
    self.body.append(to_mathml(node, "block"))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Offer the converter under the name "mathml" (``html_math_renderer``)."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
