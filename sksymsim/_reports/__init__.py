# SPDX-License-Identifier: BSD-3-Clause
"""Reports as text and as pages."""
