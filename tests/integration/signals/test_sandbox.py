"""A stranger's file costs at most its decoder and a bounded time; the service goes on."""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from array import array
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from signal_files import gif_and_html, huge_png, jpeg_and_zip, long_gif, lying_jpeg, noise, photo
from soaking import quick
from takeback.errors import ConfigurationError, Unreadable, WhyUnreadable
from takeback.signals.model import PictureSignals
from takeback.signals.parts.decode import FORMATS, MAX_PIXELS, decode
from takeback.signals.parts.picture import read_picture
from takeback.signals.pdq.hashing import hash_pixels
from takeback.signals.sandbox import MEMORY_BYTES, Decoder
from takeback_dev.pictures import encode
from waiting import until

GOOD = encode(photo(), "JPEG")
MUTABLE = [encode(photo(48, 40), format_) for format_ in FORMATS]
LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def decoder():
    with Decoder(processes=2, seconds=20) as pool:
        yield pool


def why(decoder, data):
    with pytest.raises(Unreadable) as refused:
        decoder.signals(data)
    return refused.value.why


def only_child(decoder):
    (process,) = decoder._pictures._alive
    return process


@pytest.mark.parametrize("format_", FORMATS)
def test_signals_are_those_of_the_picture(decoder, format_):
    data = encode(photo(), format_)
    for flips, exact in ((False, False), (False, True), (True, True)):
        seen = read_picture(data, flips=flips, exact=exact)
        assert decoder.signals(data, flips=flips, exact=exact) == PictureSignals(
            sha256=hashlib.sha256(data).digest(),
            whole=seen.whole,
            width=320,
            height=240,
            format=format_,
            flips=seen.flips,
            variants=seen.variants,
            doubt=seen.doubt,
        )
    assert decoder.signals(data, flips=True) == decoder.signals(data, flips=True, exact=True)
    assert decoder.read(data) == decoder.signals(data)


def apart(one, other):
    return (int.from_bytes(one.hash) ^ int.from_bytes(other.hash)).bit_count()


def test_width_and_height_are_those_after_turning(decoder):
    tag = Image.Exif()
    tag[0x0112] = 6
    seen = decoder.signals(encode(photo(), "JPEG", exif=tag))
    assert (seen.width, seen.height) == (240, 320)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (bytes, WhyUnreadable.EMPTY),
        (lambda: b"no picture", WhyUnreadable.NOT_A_PICTURE),
        (lambda: GOOD[: len(GOOD) // 2], WhyUnreadable.DAMAGED),
        (huge_png, WhyUnreadable.TOO_MANY_PIXELS),
        (lying_jpeg, WhyUnreadable.TOO_MANY_PIXELS),
        (lambda: bytes(200_000_000), WhyUnreadable.TOO_MANY_BYTES),
    ],
    ids=["empty", "text", "truncated", "huge", "lying", "200 MB"],
)
def test_a_file_that_cannot_be_read_says_why_and_the_next_one_is_read(decoder, make, reason):
    data = make()
    before = set(decoder._pictures._alive)
    assert why(decoder, data) == reason
    assert decoder.signals(GOOD).width == 320
    assert before <= set(decoder._pictures._alive)


@pytest.mark.parametrize("make", [long_gif, jpeg_and_zip, gif_and_html], ids=lambda make: make.__name__)
def test_odd_files_that_show_a_picture_are_read(decoder, make):
    assert decoder.signals(make()).whole.quality >= 0


def test_a_decoder_that_hangs_is_replaced():
    with Decoder(seconds=1) as decoder:
        decoder.signals(GOOD)
        process = only_child(decoder)
        os.kill(process.pid, signal.SIGSTOP)
        assert why(decoder, GOOD) == WhyUnreadable.TOO_SLOW
        assert process.returncode == -signal.SIGKILL
        assert decoder.signals(GOOD).width == 320


def test_a_file_larger_than_the_pipe_does_not_hang_on_a_stopped_decoder():
    with Decoder(seconds=1) as decoder:
        decoder.confinement()
        os.kill(only_child(decoder).pid, signal.SIGSTOP)
        assert why(decoder, encode(noise(1500, 1000), "BMP")) == WhyUnreadable.TOO_SLOW


def unread(pid: int) -> int:
    """Bytes that wait in a process's standard input."""
    count = array("i", [0])
    with Path(f"/proc/{pid}/fd/0").open("rb", buffering=0) as pipe:
        fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def test_a_decoder_that_is_killed_at_work_is_replaced():
    with Decoder(seconds=20) as decoder, ThreadPoolExecutor(1) as other:
        decoder.confinement()
        process = only_child(decoder)
        # Stopped first, so that it is surely at work when it is killed.
        os.kill(process.pid, signal.SIGSTOP)
        answer = other.submit(decoder.signals, GOOD)
        until(lambda: not decoder._pictures._idle, what="the decoder is borrowed")
        if LINUX:
            until(lambda: unread(process.pid) > 0, what="the picture is sent to it")
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(Unreadable) as refused:
            answer.result(20)
        assert refused.value.why == WhyUnreadable.DECODER_DIED
        assert "signal 9" in refused.value.detail
        assert decoder.signals(GOOD).width == 320


def test_a_decoder_that_was_killed_while_idle_costs_nobody_anything():
    with Decoder() as decoder:
        decoder.confinement()
        process = only_child(decoder)
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, what="it is dead")
        assert decoder.signals(GOOD).width == 320


@pytest.mark.skipif(not LINUX, reason="the address space of a process can be limited on Linux only")
def test_a_picture_that_needs_too_much_memory_is_refused():
    data = encode(Image.new("RGB", (9000, 9000), (1, 2, 3)), "PNG")
    with Decoder(memory_bytes=500 << 20) as decoder:
        assert why(decoder, data) == WhyUnreadable.TOO_MUCH_MEMORY
        assert decoder.signals(GOOD).width == 320


def test_a_memory_limit_below_what_a_decoder_needs_is_a_wrong_setting():
    with pytest.raises(ConfigurationError, match="at least"):
        Decoder(memory_bytes=50 << 20)


@pytest.mark.skipif(not LINUX, reason="the address space of a process is limited and counted on Linux only")
@pytest.mark.parametrize("format_", quick(*list(FORMATS)[::3], every=FORMATS))
def test_the_largest_allowed_picture_fits_into_the_memory(format_):
    # Measured on a picture of a twentieth, since all that grows with a picture grows with its pixels.
    side = int((MAX_PIXELS / 20) ** 0.5)
    options = {"JPEG": {"progressive": True, "subsampling": 0}, "WEBP": {"method": 0}, "AVIF": {"speed": 10}}
    data = encode(photo(200, 200).resize((side, side)), format_, **options.get(format_, {}))
    with Decoder(seconds=60) as decoder:
        decoder.confinement()
        process = only_child(decoder)
        before = peak_address_space(process.pid)
        assert decoder.signals(data).width == side
        grown = peak_address_space(process.pid) - before
    assert before + 20 * grown < MEMORY_BYTES


def peak_address_space(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmPeak:")[2].split()[0]) << 10


@pytest.mark.soak
def test_many_threads_share_few_decoders():
    pictures = [encode(photo(160, 120, seed=seed), "JPEG") for seed in range(6)]
    expected = [hash_pixels(decode(data).rgb) for data in pictures]
    with Decoder(processes=2) as decoder, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda data: decoder.signals(data, exact=True), pictures * 5))
        assert [seen.whole for seen in answers] == expected * 5
        assert len(decoder._pictures._alive) <= 2


def test_a_thread_that_ends_takes_no_decoder_with_it():
    with Decoder() as decoder:
        thread = threading.Thread(target=decoder.confinement)
        thread.start()
        thread.join()
        process = only_child(decoder)
        assert decoder.signals(GOOD).width == 320
        assert only_child(decoder) is process


def test_closing_ends_all_children_and_twice_is_once():
    decoder = Decoder()
    decoder.confinement()
    process = only_child(decoder)
    decoder.close()
    decoder.close()
    assert process.returncode is not None
    with pytest.raises(RuntimeError, match="closed"):
        decoder.signals(GOOD)


PARENT = """
import sys
from takeback.signals.sandbox import Decoder
decoder = Decoder()
decoder.confinement()
print(*[process.pid for process in decoder._pictures._alive], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("stopped", [False, True], ids=["idle", "stopped"])
def test_no_child_survives_its_parent_being_killed(stopped):
    if stopped and not LINUX:
        pytest.skip("only Linux ends a stopped process with its parent")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", PARENT], **pipes, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        if stopped:
            child.suspend()
        parent.kill()
        parent.wait()
        until(
            lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, what="the child ended"
        )


def test_children_see_nothing_of_the_services_environment(monkeypatch):
    monkeypatch.setenv("TAKEBACK_SECRET", "do not tell")
    with Decoder() as decoder:
        decoder.confinement()
        assert "TAKEBACK_SECRET" not in {
            entry.partition("=")[0] for entry in decoder_environment(only_child(decoder).pid)
        }


def decoder_environment(pid):
    # What the kernel handed over at the start; a confined child lets nobody but root read it.
    try:
        return [f"{name}={value}" for name, value in psutil.Process(pid).environ().items()]
    except psutil.AccessDenied:
        return []


def test_a_child_starts_in_less_than_a_second_or_so():
    start = time.monotonic()
    with Decoder() as decoder:
        decoder.confinement()
        # Generous, for a machine that runs other tests at the same time; measured alone it is 0.3.
        assert time.monotonic() - start < 5


@pytest.mark.skipif(not LINUX, reason="full confinement exists on Linux only")
def test_on_linux_the_confinement_is_complete(decoder):
    assert decoder.confinement() == (
        "ends with its parent",
        "memory",
        "cpu time",
        "file size 0",
        "no core dump",
        "few open files",
        "system calls by allow-list",
    )


def preview(decoder, data=GOOD, max_side=200, blur=False, grey=False):
    body = decoder.preview(data, max_side=max_side, blur=blur, grey=grey)
    image = Image.open(BytesIO(body))
    image.load()
    assert image.format == "JPEG"
    return image


def test_a_clear_preview_is_small_upright_and_in_colour(decoder):
    tag = Image.Exif()
    tag[0x0112] = 6
    image = preview(decoder, encode(photo().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=tag))
    assert image.size == (200, 150)
    expected = np.asarray(photo().resize((200, 150), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(np.asarray(image).astype(int) - expected).mean() < 8


def test_a_preview_is_never_larger_than_the_picture(decoder):
    assert preview(decoder, max_side=4000).size == (320, 240)


def test_a_preview_carries_no_metadata(decoder):
    tag = Image.Exif()
    tag[0x010E] = "where it was taken"
    data = encode(photo(), "JPEG", exif=tag, comment=b"a secret", icc_profile=bytes(200), xmp=b"a place")
    body = decoder.preview(data, max_side=200, blur=False, grey=False)
    for trace in (b"taken", b"secret", b"place", b"Exif", b"ICC_PROFILE", b"adobe.com"):
        assert trace not in body
    assert not Image.open(BytesIO(body)).getexif()


def test_a_grey_preview_has_no_colour(decoder):
    assert preview(decoder, grey=True).mode == "L"


def test_a_blurred_preview_cannot_be_sharpened_again(decoder):
    board = Image.new("RGB", (400, 400))
    board.putdata(
        [(255, 255, 255) if (at // 400 // 10 + at % 400 // 10) % 2 else (0, 0, 0) for at in range(160_000)]
    )
    tones = np.asarray(preview(decoder, encode(board, "PNG"), blur=True, grey=True)).astype(int)
    assert tones.shape == (200, 200)
    assert np.ptp(tones) < 60
    # Of a landscape, no more than what twelve by nine pixels can hold comes back.
    image = preview(decoder, blur=True, grey=True)
    shrunk = image.resize((12, 9), Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(shrunk)).mean() < 8


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3, 2)])
def test_the_smallest_and_thinnest_pictures_have_previews(decoder, size):
    data = encode(Image.new("RGB", size, (200, 10, 10)), "PNG")
    assert max(preview(decoder, data, blur=True).size) <= 200
    assert decoder.signals(data).whole.quality == 0


def test_a_preview_of_what_is_no_picture_says_why(decoder):
    with pytest.raises(Unreadable, match="not_a_picture"):
        decoder.preview(b"no picture", max_side=200, blur=True, grey=True)
    with pytest.raises(ValueError, match="max_side"):
        decoder.preview(GOOD, max_side=0, blur=True, grey=True)


def test_a_large_picture_has_a_preview(decoder):
    data = encode(photo(2000, 1500), "JPEG")
    assert preview(decoder, data, max_side=64).size == (64, 48)


def test_a_mirrored_copy_is_met_by_one_of_the_flips(decoder):
    original = decoder.signals(GOOD, flips=True)
    mirrored = decoder.signals(encode(ImageOps.mirror(photo()), "JPEG"))
    distances = [apart(mirrored.whole, flip) for flip in original.flips]
    assert min(distances) <= 8
    assert distances[0] > 80


@given(st.data())
def test_a_mutated_file_never_stops_the_service(decoder, data):
    file = bytearray(data.draw(st.sampled_from(MUTABLE)))
    for _ in range(data.draw(st.integers(1, 10))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] = data.draw(st.integers(0, 255))
    del file[data.draw(st.integers(len(file) // 2, len(file))) :]
    start = time.monotonic()
    with suppress(Unreadable):
        assert len(decoder.signals(bytes(file)).whole.hash) == 32
    assert time.monotonic() - start < 30
