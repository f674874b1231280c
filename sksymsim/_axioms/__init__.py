# SPDX-License-Identifier: BSD-3-Clause
"""What is counted of axioms, and how it is said."""
