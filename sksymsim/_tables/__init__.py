# SPDX-License-Identifier: BSD-3-Clause
"""Tables of items and pairs in files."""
