# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of pairs, and machines made of them."""
