# SPDX-License-Identifier: BSD-3-Clause
"""Graphs of scored pairs, and groups of their items."""
