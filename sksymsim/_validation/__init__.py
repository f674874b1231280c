# SPDX-License-Identifier: BSD-3-Clause
"""Every check of the library and the text of every error."""
