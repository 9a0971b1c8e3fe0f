"""The schedules: nightly.sh changes nothing about a run but when it starts, and the other files say two in Tokyo."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

JOBS = Path(__file__).resolve().parent.parent / "jobs"
NIGHTLY = JOBS / "nightly.sh"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


@dataclass
class Host:
    """A host on which `carddata-retention` is a stub that does what the test says."""

    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "bin").mkdir()
        self.environment_file.write_text("CARDDATA_CONFIG='/etc/a b.toml'\nSECRET='p$w&d#1'\n")

    @property
    def environment_file(self) -> Path:
        return self.folder / "environment"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    def stub(self, body: str) -> None:
        command = self.folder / "bin" / "carddata-retention"
        command.write_text(f"#!{sys.executable}\n{body}\n")
        command.chmod(0o755)

    def start(self, *arguments: str, **changes: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "CARDDATA_ENVIRONMENT": str(self.environment_file),
            "CARDDATA_LOCK": str(self.lock),
        }
        return subprocess.Popen(
            [NIGHTLY, *arguments], env=environment | changes, text=True, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def night(self, *arguments: str, **changes: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **changes)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("code", [0, 1, 2, 10, 20, 30, 40, 41, 50])
def test_the_exit_code_is_that_of_the_run(host: Host, code: int) -> None:
    host.stub(f"raise SystemExit({code})")
    assert host.night() == (code, "", "")


def test_runs_with_the_environment_file_and_hands_arguments_on(host: Host) -> None:
    host.stub("import os, sys; print(sys.argv[1:], os.environ['CARDDATA_CONFIG'], os.environ['SECRET'])")
    code, out, err = host.night("--json", "--config", "a b")
    assert (code, err) == (0, "")
    assert out.strip() == "['run', '--json', '--config', 'a b'] /etc/a b.toml p$w&d#1"


def test_a_second_start_says_41_and_starts_nothing(host: Host) -> None:
    host.stub("import pathlib, sys; pathlib.Path('started').open('a').write('x'); sys.stdin.read(); "
              "import time\nwhile not pathlib.Path('finish').exists(): time.sleep(0.02)\nsys.exit(10)")
    first = host.start()
    wait_for(host.folder / "started")
    code, out, err = host.night()
    assert (code, out) == (41, "")
    assert "another run holds" in err
    assert (host.folder / "started").read_text() == "x"
    (host.folder / "finish").touch()
    first.communicate(timeout=30)
    assert first.returncode == 10
    assert host.night()[0] == 10  # and the lock is free again


def test_a_signal_reaches_the_run_itself(host: Host) -> None:
    host.stub("import pathlib, signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(10))\n"
              "pathlib.Path('started').touch()\nwhile True: time.sleep(0.02)")
    process = host.start()
    wait_for(host.folder / "started")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 10


@pytest.mark.parametrize("missing", ["environment", "command", "lock"])
def test_what_cannot_start_is_blind_and_says_why(host: Host, missing: str) -> None:
    if missing != "command":
        host.stub("open('started', 'w')")
    changes = {
        "environment": {"CARDDATA_ENVIRONMENT": str(host.folder / "none")},
        "command": {},
        "lock": {"CARDDATA_LOCK": str(host.folder / "none" / "lock")},
    }[missing]
    if missing == "command":
        changes["PATH"] = "/usr/bin:/bin"
    code, out, err = host.night(**changes)
    assert (code, out) == (40, "")
    assert "nothing was started" in err
    assert "p$w&d#1" not in err
    assert not (host.folder / "started").exists()


def test_nightly_is_sound_bash() -> None:
    assert os.access(NIGHTLY, os.X_OK)
    subprocess.run(["bash", "-n", NIGHTLY], check=True)


@needs_systemd
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name in ("carddata-retention.service", "carddata-retention.timer"):
        text = (JOBS / name).read_text()
        text = text.replace("/opt/carddata-retention/jobs/nightly.sh", str(NIGHTLY)).replace("User=carddata\n", "")
        (tmp_path / name).write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / "carddata-retention.timer"),
         str(tmp_path / "carddata-retention.service")], capture_output=True, text=True,
    )
    complaints = [line for line in verified.stderr.splitlines() if "carddata-retention" in line]
    assert (verified.returncode, complaints) == (0, [])


@needs_systemd
def test_two_in_tokyo_is_five_in_the_afternoon_of_the_day_before_in_utc() -> None:
    line = next(x for x in (JOBS / "carddata-retention.timer").read_text().splitlines() if x.startswith("OnCalendar="))
    said = subprocess.run(
        ["systemd-analyze", "calendar", "--base-time=2026-11-24 00:00:00 UTC", line.removeprefix("OnCalendar=")],
        capture_output=True, text=True, check=True, env=os.environ | {"TZ": "UTC"},
    ).stdout
    assert "2026-11-24 17:00:00 UTC" in said


def test_kubernetes_runs_the_same_command_at_the_same_hour_once() -> None:
    from ruamel.yaml import YAML

    job = YAML(typ="safe").load((JOBS / "kubernetes-cronjob.yaml").read_text())
    assert (job["kind"], job["spec"]["schedule"], job["spec"]["timeZone"]) == ("CronJob", "0 2 * * *", "Asia/Tokyo")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert job["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["containers"][0]["command"][:2] == ["carddata-retention", "run"]


def test_cron_runs_it_at_two_as_its_own_user() -> None:
    lines = (JOBS / "carddata-retention.cron").read_text().splitlines()
    line = next(x for x in lines if x.startswith("0 2"))
    assert "CRON_TZ=Asia/Tokyo" in lines
    assert line.split()[:7] == ["0", "2", "*", "*", "*", "carddata", "/opt/carddata-retention/jobs/nightly.sh"]
    assert "||" not in line
