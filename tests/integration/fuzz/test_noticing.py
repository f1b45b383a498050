"""The fuzzer notices what it is there for: errors, crashes, hangs, memory, and that it sees nothing."""

from pathlib import Path

import pytest

from repository import ROOT
from soaking import quick

pytest.importorskip("atheris", reason="atheris is for Linux")

from fuzz.__main__ import fuzz

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _targets_can_be_imported(monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{HERE}")


def run(name, folder):
    return fuzz(name, 1, folder, module="broken", hang_seconds=2, memory_mb=600)


@pytest.mark.parametrize(
    ("name", "kept"),
    quick(
        ("fails", "crash-"),
        every=[("fails", "crash-"), ("dies", "crash-"), ("hangs", "timeout-"), ("keeps", "oom-")],
    ),
)
def test_what_breaks_is_kept_with_its_input(name, kept, tmp_path):
    found = run(name, tmp_path).found
    assert Path(found).name.startswith(kept)
    assert Path(found).exists() or kept == "oom-"


@pytest.mark.soak
def test_memory_that_was_given_back_is_noticed(tmp_path):
    ran = run("eats", tmp_path)
    assert ran.peak_mb > 600
    assert ran.found


def test_a_fuzzer_that_sees_nothing_says_so(tmp_path):
    assert "not instrumented" in run("stands", tmp_path).found


@pytest.mark.soak
def test_a_sound_target_breaks_nothing_and_is_seen(tmp_path):
    ran = run("fuzz_wire", tmp_path)
    assert (ran.found, ran.said) == ("", "")
    assert ran.edges > 100
    assert ran.executions > 1000
    assert ran.peak_mb < 600


@pytest.mark.soak
def test_what_its_starter_once_held_is_not_its_own(tmp_path):
    held = bytearray(700 << 20)
    held[::4096] = b"1" * len(held[::4096])
    assert run("fuzz_wire", tmp_path).peak_mb < 600
