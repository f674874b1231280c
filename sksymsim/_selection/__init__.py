# SPDX-License-Identifier: BSD-3-Clause
"""What a search compares, how, and what it takes."""
