# SPDX-License-Identifier: BSD-3-Clause
"""A PostgreSQL server with pgvector for a test or a benchmark, gone afterwards.

Takes the server of the package pgserver where that is installed, which brings pgvector,
and otherwise what ``initdb`` on the path or Debian's folders belongs to. It listens on
a socket in its own folder and on no network.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

# initdb refuses root; any of these will do.
USERS = ("postgres", "nobody")


class NoServerError(Exception):
    """Says why there is no server."""


class Server:
    """A running server, spoken to by psql."""

    def __init__(self, tools, folder, prefix):
        self.tools, self.folder, self.prefix = tools, folder, prefix

    def run(self, tool, *arguments, **options):
        """Run one of PostgreSQL's programs and return what it prints."""
        command = [*self.prefix, str(self.tools / tool), *map(str, arguments)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=os.environ | {"LC_ALL": "C"},
            timeout=600,
            **options,
        )
        if done.returncode:
            raise NoServerError(f"{tool} failed: {(done.stderr or done.stdout)[-300:]}")
        return done.stdout

    def query(self, sql):
        """Run statements and return the rows of the results, as lists of strings."""
        where = ["-h", self.folder, "-d", "postgres", "-U", "tester"]
        options = ["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        printed = self.run("psql", *where, *options, input=sql)
        return [line.split("\t") for line in printed.splitlines()]

    def load(self, table, vectors):
        """Make a table of vectors with their row numbers as ids."""
        lines = [f"{i}\t{as_text(row)}\n" for i, row in enumerate(vectors)]
        width = vectors.shape[1]
        self.query(
            f"CREATE TABLE {table} (id integer, embedding vector({width}));\n"
            f"COPY {table} FROM STDIN;\n{''.join(lines)}\\.\n"
        )

    def nearest(self, items, queries, operator, k):
        """Return what the operator says of the k nearest items, and their ids."""
        found = self.query(
            f"SELECT n.id, n.value FROM {queries} q CROSS JOIN LATERAL (SELECT i.id, "
            f"i.embedding {operator} q.embedding AS value FROM {items} i "
            f"ORDER BY i.embedding {operator} q.embedding, i.id LIMIT {k}) n "
            "ORDER BY q.id, n.value, n.id;"
        )
        ids, values = zip(*found, strict=True)
        shape = (-1, k)
        return (
            np.array(values, dtype=float).reshape(shape),
            np.array(ids, dtype=int).reshape(shape),
        )


def as_text(vector):
    """Return a vector as pgvector reads it, with every digit that counts."""
    return str(vector.tolist())


def find_tools():
    """Return the folder of the server's programs."""
    package = importlib.util.find_spec("pgserver")
    folders = []
    if package is not None:
        folders.append(Path(package.origin).parent / "pginstall" / "bin")
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "psql").exists():
            return folder
    raise NoServerError(
        "no PostgreSQL server is installed: pip install pgserver, or Debian's "
        "postgresql and postgresql-NN-pgvector"
    )


def other_user():
    """Return the command that leaves root, and the user; nothing if not root."""
    if os.geteuid() != 0:
        return [], None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in USERS:
        if name in known and shutil.which("runuser"):
            return ["runuser", "-u", name, "--"], known[name]
    raise NoServerError(f"initdb refuses root, and there is no user of {USERS}")


@contextmanager
def running_server():
    """Start a server with pgvector in a new folder, and end it afterwards."""
    tools = find_tools()
    prefix, user = other_user()
    # Short, as the name of a socket has to be.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    server = Server(tools, folder, prefix)
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        server.run(
            "initdb", "-D", data, "-U", "tester", "-A", "trust", "-N", "-E", "UTF8"
        )
        options = f"-c listen_addresses='' -k {folder} -F"
        log = folder / "log"
        server.run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        try:
            server.query("CREATE EXTENSION vector;")
            yield server
        finally:
            server.run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
