"""The built wheel, installed where there is no source tree: it brings what DBAs and auditors read, and runs a night."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("carddata_retention", "expectations", "sql", "pyproject.toml", "README.md", "LICENSE")
SHIPPED = sorted(
    f"carddata_retention/_assets/{path.relative_to(ROOT).as_posix()}"
    for folder in ("sql", "expectations") for path in (ROOT / folder).rglob("*") if path.is_file()
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tree, as from an unpacked archive; without the network where hatchling is installed."""
    copy, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    offline = ["--no-build-isolation", "--no-index"] if find_spec("hatchling") else []
    run(sys.executable, "-m", "pip", "wheel", ".", "--no-deps", *offline, "--quiet", "--wheel-dir", out, cwd=copy)
    shutil.rmtree(copy)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment with the wheel in it; the dependencies are seen where they are, the source tree is not."""
    home = tmp_path_factory.mktemp("home") / "venv"
    venv.create(home, with_pip=False)
    paths = {"base": str(home), "platbase": str(home)}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    run(sys.executable, "-m", "pip", "install", wheel, "--no-deps", "--no-index", "--quiet", "--target", site)
    # Directories named by a .pth file are not searched for .pth files: the editable install of the tree stays unseen.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return home / "bin" / "python"


def run(*command: Any, **more: Any) -> subprocess.CompletedProcess[str]:
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if k not in hidden and not k.startswith("COV_")}
    done = subprocess.run([*map(str, command)], text=True, capture_output=True, check=False, env=environment, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_wheel_ships_every_file_that_dbas_and_auditors_read(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        texts = {name: archive.read(name) for name in names if "/_assets/" in name}

    assert sorted(texts) == SHIPPED
    for name, text in texts.items():
        assert text == (ROOT / name.removeprefix("carddata_retention/_assets/")).read_bytes(), name
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"carddata_retention"}


def test_the_installed_package_knows_no_source_tree(installed: Path, tmp_path: Path) -> None:
    probe = (
        "import sys, carddata_retention\n"
        "from carddata_retention.assets import asset\n"
        f"wanted = {[name.removeprefix('carddata_retention/_assets/') for name in SHIPPED]!r}\n"
        "print(carddata_retention.__file__)\n"
        "for name in wanted: print(asset(name))\n"
        "print(*sys.path, sep='\\n')"
    )
    # `make` keeps the environment inside the tree: where the dependencies lie is no part of the source.
    dependencies = sysconfig.get_path("purelib")

    told = run(installed, "-c", probe, cwd=tmp_path).stdout.splitlines()

    assert len(told) > len(SHIPPED)
    assert [line for line in told if line.startswith(str(ROOT)) and line != dependencies] == []
    assert all(line.startswith(str(installed.parent.parent)) for line in told[:len(SHIPPED) + 1])


def test_a_night_runs_from_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    command = "from carddata_retention.cli import main; main()"
    told = run(installed, "-c", command, "demo", "--cards", 300, cwd=tmp_path)

    assert "exit 0: everything due is purged, and an independent look proves it." in told.stdout
    pages = [Path(line.removeprefix("open ")) for line in told.stdout.splitlines() if line.startswith("open ")]
    assert pages
    assert all(page.exists() and page.is_relative_to(tmp_path) for page in pages)
    assert {page.suffix for page in pages} >= {".html", ".pdf"}  # the fonts of the PDF are in the wheel


def test_the_command_is_installed_under_its_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        entry = next(n for n in archive.namelist() if n.endswith("entry_points.txt"))
        assert "carddata-retention = carddata_retention.cli:main" in archive.read(entry).decode()
