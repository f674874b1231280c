# SPDX-License-Identifier: BSD-3-Clause
"""Pairs that are spread over machines: what is summed, and Dask."""
