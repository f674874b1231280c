# SPDX-License-Identifier: BSD-3-Clause
"""One picture each, and what they share."""
