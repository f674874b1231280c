# SPDX-License-Identifier: BSD-3-Clause
"""Say what the numbers were measured on, without names of hosts or folders."""

import json
import os
import platform
import subprocess

from environments import interpreter, surroundings

# What takes part in the measurement; own environments may hold much more.
RELEVANT = {
    "joblib",
    "metric-learn",
    "numpy",
    "scikit-learn",
    "scipy",
    "sksymsim",
    "threadpoolctl",
    "torch",
}
FREEZE = """
import importlib.metadata, json, sys
found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
print(json.dumps([sys.version.split()[0], found]))
"""


def describe(config, folder, root):
    """Return processor, memory, system, commit, and each environment's packages."""
    environments = {}
    for name in ("own", *config["environments"]):
        python = interpreter(folder, name)
        if python.exists():
            answer = subprocess.run(
                # -P: not what lies in the folder that this is run from.
                [python, "-P", "-c", FREEZE],
                env=os.environ | surroundings(name),
                check=True,
                capture_output=True,
                text=True,
            )
            version, packages = json.loads(answer.stdout)
            shown = {k: packages[k] for k in sorted(RELEVANT & set(packages))}
            environments[name] = {"python": version, **shown}
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1
        ),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": config["threads"],
        "commit": commit(root),
        "environments": environments,
    }


def processor():
    """Return the model of the processor."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def commit(root):
    """Return the commit that is checked out, with a plus if sksymsim/ was changed."""

    def git(*arguments):
        answer = subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, text=True
        )
        return answer.stdout.strip()

    changed = git("status", "--porcelain", "--", "sksymsim")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
