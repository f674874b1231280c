# SPDX-License-Identifier: BSD-3-Clause
"""Symmetric networks: formulas, training, and the stages of a fit."""
