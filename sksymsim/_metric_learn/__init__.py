# SPDX-License-Identifier: BSD-3-Clause
"""What metric-learn has and this library has not."""
