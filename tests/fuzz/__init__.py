# SPDX-License-Identifier: BSD-3-Clause
"""Input at random for every public name: ``PYTHONPATH=tests python -m fuzz --help``."""
