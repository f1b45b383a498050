"""E4: each sentence of a certificate that somebody may swear to is tied to the event that makes it true."""

import re
import subprocess
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from case_summaries import a_case_summary
from repository import read
from takeback.dossier import package_texts
from takeback.dossier.certificate import certificate
from takeback.dossier.wording import LANGUAGES, wording
from takeback.errors import Unavailable
from takeback.infra.jobs.worker import wait_before
from takeback.jobs import Capture
from takeback.law.clocks import regimes
from takeback.takedown.telling import ENGLISH, told
from takeback_verify.core.story import NEEDED

TRANSLATED = ("zh-CN", "ko")
LONGEST_IN_ENGLISH = 4
"""Words of ASCII letters in a row: a name of a program or a law, no sentence."""


def text_of(language: str) -> str:
    return resources.files("takeback.dossier").joinpath("texts", f"{language}.toml").read_text("utf-8")


def process(language: str) -> str:
    """The section about how records came about."""
    return "\n".join(wording(language).sections[1].body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_as_many_alterations_are_told_as_the_format_of_exhibits_lists(language: str):
    """E4: what is recorded is not "raw, as it came over the network"."""
    spec = read("docs/spec/exhibit.md")
    listed = re.search(
        r"Three things are not as they went over the wire.*?\n\n((?:- .*\n(?:  .*\n)*)+)", spec, re.DOTALL
    )
    assert listed is not None
    number = len(re.findall(r"^- ", listed[1], re.MULTILINE))
    assert len(wording(language).alterations) == number == 3
    assert any(word in process(language) for word in ("Three things", "有三处", "세 가지"))
    assert "{alterations}" in process(language)
    told_names = " ".join(wording(language).alterations)
    for name in ("(redacted)", "Transfer-Encoding", "Content-Encoding", "HTTP/1.1"):
        assert name in told_names
        assert name in listed[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_removal_without_evidence_is_told_with_the_time_that_it_waits(language: str):
    """E4: not "before anything is done": after about nine minutes it goes ahead."""
    waits = [wait_before(n, Unavailable("503")) for n in range(1, Capture.policy.tries)]
    assert timedelta(minutes=8) < sum(waits, timedelta()) < timedelta(minutes=10)
    assert any(words in process(language) for words in ("about nine minutes", "约九分钟", "약 9분"))
    assert "capture_failed" in process(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_decided_who_collected_and_who_holds_which_key_is_told(language: str):
    """E4: verdicts and reasons are typed; collector, remover and administrator are one party."""
    said = process(language)
    for words in (
        ("People enter what they decide", "由人员录入", "사람이 입력합니다"),
        ("One party did all of this", "由同一方完成", "한 주체가 하였습니다"),
        ("rights of an administrator", "管理员权限", "관리자 권한"),
        ("Who holds which key", "密钥由谁持有", "키의 보유자"),
    ):
        assert any(each in said for each in words), words
    assert said.count("{service}") >= 2


def test_no_text_says_what_is_not_so(tmp_path):
    """E4: the sentences that were not true."""
    texts = [text_of(language) for language in LANGUAGES]
    texts += [
        package_texts.method(a_case_summary(tmp_path)).decode(),
        package_texts.instructions(a_case_summary(tmp_path)).decode(),
    ]
    for text in texts:
        for untrue in (
            "as they came over the network", "recorded raw", "Before anything is done",
            "before anything else",
            "Nobody types", "不经人工录入", "按照网络传输的原样", "采取任何处理措施之前",
            "네트워크에서 받은 그대로", "어떤 조치를 하기 전에", "자동으로 기록됩니다",
        ):  # fmt: skip
            assert untrue not in text


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_key_of_english_is_in_the_language(language: str):
    """E4: zh-CN and ko are whole."""
    read_ = tomllib.loads(text_of(language))
    assert read_["removal"].keys() == ENGLISH.keys()
    assert read_["labels"].keys() == wording("en-EU").labels.keys() == wording("en-US").labels.keys()
    assert read_["regimes"].keys() >= {each.id for each in regimes()}
    assert read_["kinds"].keys() >= NEEDED.keys()
    assert len(read_["section"]) == len(wording("en-EU").sections) == len(wording("en-US").sections)
    for key, template in ENGLISH.items():
        fields = re.compile(r"\{(\w+)\}")
        assert set(fields.findall(read_["removal"][key])) == set(fields.findall(template)), key


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_english_sentence_is_left(language: str, tmp_path):
    """E4: neither in the texts nor in what is computed of removed copies."""
    said = wording(language)
    lines = [line for line in text_of(language).splitlines() if not line.startswith("#")]
    lines = [re.sub(r"^\w[\w-]* = |\{\w+\}", "", line) for line in lines]
    lines += [
        told(each.clauses, said.phrases, ZoneInfo("Asia/Seoul")) for each in a_case_summary(tmp_path).removals
    ]
    for line in lines:
        for run in re.findall(r"[A-Za-z]+(?:[ ,]+[A-Za-z]+)*", line):
            assert len(run.split()) <= LONGEST_IN_ENGLISH, run


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_removals_are_told_in_the_language(language: str, tmp_path):
    [removal] = a_case_summary(tmp_path).removals
    said = told(removal.clauses, wording(language).phrases)
    assert len(said) > 100
    assert "{" not in said


@pytest.mark.agrees("pdftotext", "pdfinfo")
@pytest.mark.parametrize("language", LANGUAGES)
def test_local_time_stands_beside_utc_and_the_dates_of_the_file_are_real(language: str, tmp_path):
    """E4: times in UTC and in the case's zone; the PDF says when it was made."""
    summary = replace(a_case_summary(tmp_path), time_zone="Asia/Seoul")
    path = tmp_path / "it.pdf"
    path.write_bytes(certificate(language, summary))
    assert path.read_bytes() == certificate(language, summary)
    done = subprocess.run(["pdfinfo", "-isodates", path], check=True, capture_output=True, text=True)
    dates = dict(re.findall(r"^(\w+Date): +(.*)$", done.stdout, re.MULTILINE))
    made = summary.head.made
    assert {datetime.fromisoformat(at).astimezone(UTC) for at in dates.values()} == {made}
    read_ = subprocess.run(["pdftotext", "-raw", path, "-"], check=True, capture_output=True).stdout.decode()
    text = re.sub(r"\s+", " ", read_)
    assert "(2026-03-03 22:00:00 UTC+09:00)" in text
    assert "2026-03-03 13:00:03 2026-03-03 22:00:03 UTC+09:00" in text
    assert "Asia/Seoul" in text
