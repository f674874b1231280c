# SPDX-License-Identifier: BSD-3-Clause
"""Which pairs are in training and in test, and what they share."""
