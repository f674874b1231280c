# SPDX-License-Identifier: BSD-3-Clause
"""Progress of a fit, on standard output, only when asked for."""


class IterationReporter:
    """Print every so many iterations of a solver.

    Parameters
    ----------
    verbose : int
        0 is silent, 1 prints every tenth iteration, 2 and more print each.
    """

    def __init__(self, verbose):
        self.every = {0: 0, 1: 10}.get(int(verbose), 1)

    def __call__(self, entry):
        """Print one entry of a solver's history, if it is its turn."""
        if not self.every or (entry["iteration"] - 1) % self.every:
            return
        print(
            f"iteration {entry['iteration']:4d}  objective {entry['objective']:.6f}  "
            f"gradient {entry['gradient_norm']:.1e}  "
            f"evaluations {entry['n_evaluations']:4d}  {entry['seconds']:.1f} s",
            flush=True,
        )


def say_if(verbose):
    """Return a function that prints a line if it is asked for."""

    def say(text):
        if verbose:
            print(text, flush=True)

    return say
