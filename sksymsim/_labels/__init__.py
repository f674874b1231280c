# SPDX-License-Identifier: BSD-3-Clause
"""What labelled pairs say of each other."""
