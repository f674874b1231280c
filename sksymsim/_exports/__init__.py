# SPDX-License-Identifier: BSD-3-Clause
"""What other programs take of a model."""
