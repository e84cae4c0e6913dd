#!/usr/bin/env python3
"""Set up a checkout and run its verbs.

    python3 dev.py demo | test | lint | types | wheel | browser | foreign | spark | bench | fuzz

Standard library only, so that it works on a fresh machine. It makes `.venv`, installs what pyproject.toml names
(once for each state of that file), and starts the verb inside. `make demo` and `make test` are fronts of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
OLDEST = (3, 11)
NEWEST_TRIED = 14
FOREIGN = ROOT / ".venv-foreign"
SPARK = ROOT / ".venv-spark"  # of its own: PySpark is 500 MB
FOREIGN_PACKAGE = "aics-tlog>=0.2.1,<0.3"  # reads C2SP logs, and shares no code with ours
WITHOUT = "not browser and not foreign and not spark"
COVERED_WHOLLY = ("model", "gate", "lifecycle", "notices")  # branch coverage 100 %, see CONTRIBUTING.md


def main(arguments: list[str]) -> int:
    """Run the verb named first; return its exit code."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if verb not in VERBS:
        print(__doc__)
        return 0 if verb in ("help", "-h", "--help") else 2
    if sys.version_info < OLDEST:
        return _again_with_newer(arguments)
    return VERBS[verb](rest)


def _again_with_newer(arguments: list[str]) -> int:
    for minor in range(NEWEST_TRIED, OLDEST[1] - 1, -1):
        python = shutil.which(f"python3.{minor}")
        if python:
            return subprocess.call([python, __file__, *arguments])
    sys.exit("Tocsin needs Python 3.11 or newer. On Debian 12 or newer: apt-get install python3 python3-venv")


def _set_up(*extras: str) -> None:
    """Make .venv and install the project with `extras`, unless that was done for this pyproject and these extras."""
    wanted = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt", "hatch_build.py", "scripts/geocodes.py"):
        path = ROOT / name
        wanted.update(path.read_bytes() if path.exists() else b"")
    mark = VENV / f"installed-{'-'.join(extras) or 'core'}"
    if mark.exists() and mark.read_text() == wanted.hexdigest():
        return
    _make_venv()
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    print("dev.py: installing (once for each state of pyproject.toml) ...", file=sys.stderr)
    command = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.call([*command, "-c", str(ROOT / "constraints.txt"), "-e", target])
    if done:
        sys.exit(f"dev.py: pip could not install {target}; its message stands above. Is a package index reachable?")
    for script in ("vendor.py", "geocodes.py"):  # each does without what it cannot get, and says so
        subprocess.call([str(BIN / "python"), str(ROOT / "scripts" / script)])
    mark.write_text(wanted.hexdigest())


def _make_venv() -> None:
    if (BIN / "python").exists() or (BIN / "python.exe").exists():
        return
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    for tool in (["uv", "venv", "--seed", "--python", sys.executable, str(VENV)], ["virtualenv", str(VENV)]):
        if shutil.which(tool[0]) and subprocess.call(tool) == 0:
            return
    sys.exit(
        "dev.py: this Python cannot make a virtual environment.\n"
        "On Debian or Ubuntu:  apt-get install python3-venv\n"
        "Elsewhere: install uv or virtualenv, then run the same command again."
    )


def _run(*command: str) -> int:
    return subprocess.call([str(BIN / command[0]), *command[1:]], cwd=ROOT)


def demo(rest: list[str]) -> int:
    """Play the bundled scenarios; the console's address is printed."""
    _set_up()
    return _run("tocsin", "demo", *rest)


def test(rest: list[str]) -> int:
    """Run every test but those that have a verb of their own, with coverage when the whole suite runs."""
    _set_up("test")
    if rest:
        return _run("python", "-m", "pytest", *rest)
    failed = _run("python", "-m", "pytest", "-n", "2", "--cov", "--cov-report=", "-m", WITHOUT)
    if failed:
        return failed
    wholly = ",".join(f"src/tocsin/{name}.py,src/tocsin/{name}/*" for name in COVERED_WHOLLY)
    return _run("coverage", "report", f"--include={wholly}", "--fail-under=100") or _run(
        "coverage", "report", "--fail-under=95"
    )


def lint(_rest: list[str]) -> int:
    """Check style and format."""
    _set_up("dev")
    return _run("ruff", "check", ".") or _run("ruff", "format", "--check", ".")


def types(_rest: list[str]) -> int:
    """Check types, strictly, tests too."""
    _set_up("dev", "test")
    return _run("mypy")


def wheel(_rest: list[str]) -> int:
    """Build the wheel into dist/."""
    _set_up("dev")
    return _run("python", "-m", "build", "--wheel", "--outdir", "dist", ".")


def browser(rest: list[str]) -> int:
    """Run the journeys in a real Chromium."""
    _set_up("test", "e2e")
    return _run("python", "-m", "pytest", "-m", "browser", "-p", "no:randomly", *(rest or ["tests/browser"]))


def foreign(rest: list[str]) -> int:
    """Read a log of 100,000 entries with somebody else's program, which needs Python 3.12; skip where it is not had."""
    _set_up("test")
    python = FOREIGN / "bin" / "python"
    if not python.exists() and (found := _python_of_package()):
        made = not subprocess.call([found, "-m", "venv", str(FOREIGN)]) and not subprocess.call(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", FOREIGN_PACKAGE]
        )
        if not made:
            shutil.rmtree(FOREIGN, ignore_errors=True)
            print(f"dev.py: {FOREIGN_PACKAGE} could not be installed; the tests that need it are skipped")
    os.environ["TOCSIN_EVERY_PROOF"] = "1"
    return _run("python", "-m", "pytest", "-m", "foreign", "-rs", *(rest or ["tests/ledger"]))


def _python_of_package() -> str | None:
    """Return a Python that is new enough for FOREIGN_PACKAGE, None where none is found."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob("3.1[2-9]*/bin/python3")
    named = (shutil.which(f"python3.{minor}") for minor in range(NEWEST_TRIED, 11, -1))
    for candidate in (sys.executable, *filter(None, named), *map(str, sorted(pyenv))):
        # pyenv's shims stand there for versions that are not switched on: only trying tells.
        program = "import sys; sys.exit(sys.version_info < (3, 12))"
        if not subprocess.call([candidate, "-c", program], stderr=subprocess.DEVNULL):
            return candidate
    return None


def spark(rest: list[str]) -> int:
    """Match on a cluster of Spark that the tests start here; skip where PySpark or Java cannot be had."""
    python, project = SPARK / "bin" / "python", ROOT / "pyproject.toml"
    mark = SPARK / "installed"
    if not mark.exists() or mark.read_text() != project.read_text():
        install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-c",
            str(ROOT / "constraints.txt"),
        ]
        failed = subprocess.call([sys.executable, "-m", "venv", str(SPARK)]) or subprocess.call(
            [str(python), *install, "-e", f"{ROOT}[spark,test]"]
        )
        if failed:
            print("dev.py: PySpark could not be installed; the tests that need it are skipped")
            return 0
        mark.write_text(project.read_text())
    return subprocess.call([str(python), "-m", "pytest", "-m", "spark", "-rs", *(rest or ["tests/run"])], cwd=ROOT)


def bench(rest: list[str]) -> int:
    """Run one of benchmarks/ by name."""
    _set_up("test")
    os.environ["PYTHONPATH"] = str(ROOT / "tests")  # where the feed server is
    return _run("python", str(ROOT / "benchmarks" / f"{rest[0] if rest else 'run'}.py"), *rest[1:])


def fuzz(rest: list[str]) -> int:
    """Put canary sentences into every field of every document, and look for them in what would be stored."""
    _set_up("test")
    os.environ["PYTHONPATH"] = str(ROOT / "tests" / "formats")  # where the samples are
    return _run("python", str(ROOT / "tests" / "gate" / "metamorphic.py"), *rest[1:])


VERBS = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "types": types,
    "wheel": wheel,
    "browser": browser,
    "foreign": foreign,
    "spark": spark,
    "bench": bench,
    "fuzz": fuzz,
}

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
