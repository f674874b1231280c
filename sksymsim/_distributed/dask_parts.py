# SPDX-License-Identifier: BSD-3-Clause
"""Parts of the training pairs on the workers of a Dask cluster.

What is lost with a worker is made again. The parts are results of a graph, which the
scheduler repeats by itself. What the client has sent belongs to no graph; if it is lost
before it was used, the question is asked once more.
"""

from concurrent.futures import CancelledError

from sksymsim._distributed.parts import add, ask, in_groups, make_part
from sksymsim._validation.distributed import raise_lost

# So often a question is asked when what was sent with it gets lost.
ATTEMPTS = 5
# What a question may bring along with each of its tasks; more is sent once, before.
INLINE_BYTES = 10_000


class _Futures:
    """One future for each part, which is made again where it is lost for good.

    Parameters
    ----------
    client : distributed.Client
    make : callable
        Returns the list of futures.
    """

    def __init__(self, client, make):
        self._client = client
        self._make = make
        self._futures = make()

    def _persistently(self, question):
        for _ in range(ATTEMPTS):
            try:
                return question()
            except CancelledError as error:
                last = error
            if any(one.status in ("cancelled", "lost") for one in self._futures):
                self._futures = self._make()
        raise_lost(last, ATTEMPTS)

    def _submit(self, function, *arguments):
        return self._client.submit(function, *arguments, pure=False)

    def _sent(self, arguments):
        """Return arguments as tasks take them: large ones are sent once."""
        if sum(map(_size_of, arguments)) <= INLINE_BYTES:
            return arguments
        try:
            (sent,) = self._client.scatter([arguments], hash=False)
        except (OSError, TimeoutError) as error:
            raise CancelledError(f"nothing could be sent: {error}") from error
        return sent

    def each(self, function, *arguments):
        """Return function(part, *arguments) for each part, in order."""

        def question():
            sent = self._sent(arguments)
            return self._client.gather(self._asked(function, sent))

        return self._persistently(question)

    def _asked(self, function, sent):
        return [self._submit(_tell, part, function, sent) for part in self._futures]


class DaskReadings(_Futures):
    """Labelled pairs on workers.

    Parameters
    ----------
    client : distributed.Client
    read : callable
        Returns one ``Delayed`` of ``Reading`` for each part.
    """

    def __init__(self, client, read):
        self._read = read
        super().__init__(client, lambda: client.compute(read()))

    def prepared(self, *arguments):
        """Return the parts that :func:`make_part` makes of them.

        From here on only the parts are kept, with the way to make them again.
        """
        readings, self._futures = self._futures, []
        return DaskParts(self._client, self._read, readings, arguments)


class DaskParts(_Futures):
    """Parts on workers.

    Parameters
    ----------
    client : distributed.Client
    read : callable
        See :class:`DaskReadings`.
    readings : list of Future
        What it returned last, computed.
    arguments : tuple
        The other arguments of :func:`make_part`.
    """

    def __init__(self, client, read, readings, arguments):
        known = [readings]

        def make():
            read_now = known.pop() if known else client.compute(read())
            return [
                self._submit(make_part, reading, *arguments) for reading in read_now
            ]

        super().__init__(client, make)

    def _asked(self, function, sent):
        return [
            self._submit(_tell_if_any, part, function, sent) for part in self._futures
        ]

    def sum(self, function, *arguments):
        """Return the sum of the lists that function(part, *arguments) returns.

        Where the parts are, always in the same order: only the sum comes here.
        """

        def question():
            answers = self._asked(function, self._sent(arguments))
            while len(answers) > 1:
                answers = [self._submit(add, *group) for group in in_groups(answers)]
            return answers[0].result()

        return add(self._persistently(question))


def _tell(part, function, arguments):
    return function(part, *arguments)


def _tell_if_any(part, function, arguments):
    return ask(part, function, *arguments)


def _size_of(argument):
    """Return about how many bytes the arrays of an argument have."""
    if hasattr(argument, "flatten") and hasattr(argument, "arrays"):
        return argument.flatten().nbytes
    signs = getattr(argument, "signs", ())
    return getattr(argument, "nbytes", 0) + sum(one.nbytes for one in signs)
