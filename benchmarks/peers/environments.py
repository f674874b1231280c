# SPDX-License-Identifier: BSD-3-Clause
"""Make the virtual environments of the peers, from PyPI.

    python benchmarks/peers/environments.py [NAME ...] [--python PATH] [--envs DIR]

Each environment of grid.toml gets exactly the versions that stand there. The Python has
to be one that these versions have wheels for: 3.11 and 3.12 will do for all.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from grid import read_config

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = ROOT / ".benchmark-envs"


def interpreter(folder, name):
    """Return the Python of an environment; "own" is the one that runs this."""
    if name == "own":
        return Path(sys.executable)
    scripts = "Scripts" if os.name == "nt" else "bin"
    return folder.absolute() / name / scripts / "python"


def surroundings(name):
    """Return environment variables for the processes of an environment."""
    # No GPU and no packages from elsewhere, on any side; and of sksymsim the code of
    # this checkout, not what may be installed beside it.
    own = str(ROOT) if name == "own" else ""
    return {"CUDA_VISIBLE_DEVICES": "", "PYTHONNOUSERSITE": "1", "PYTHONPATH": own}


def make(folder, name, requirements, python):
    """Make one environment, or bring it up to date."""
    target = interpreter(folder, name)
    if not target.exists():
        subprocess.run([python, "-m", "venv", folder / name], check=True)
    subprocess.run([target, "-m", "pip", "install", *requirements], check=True)


def main():
    """Make the environments named, or all."""
    environments = read_config()["environments"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=", ".join(environments)
    )
    parser.add_argument("--python", default=sys.executable, help="for the environments")
    parser.add_argument("--envs", type=Path, default=DEFAULT_FOLDER, metavar="DIR")
    arguments = parser.parse_args()
    for name in arguments.names or environments:
        requirements = environments[name]["requirements"]
        make(arguments.envs, name, requirements, arguments.python)


if __name__ == "__main__":
    main()
