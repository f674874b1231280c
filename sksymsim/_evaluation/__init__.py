# SPDX-License-Identifier: BSD-3-Clause
"""What scores are worth: curves, losses, intervals."""
