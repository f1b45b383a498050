"""The process that reads clips and documents and finds details: what few files need and what costs more.

`children.Children` runs and holds it like `picture_child`.
"""

import base64
import gzip
import time
import zipfile
from io import BytesIO

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from takeback.errors import Unreadable, WhyUnreadable
from takeback.signals.clips import footage
from takeback.signals.clips.moments import read_clip
from takeback.signals.decoder import cost, wire
from takeback.signals.decoder.picture_child import Limits, check_cost, part, serve, warm_up
from takeback.signals.decoder.preview import preview
from takeback.signals.decoder.wire import Outcome, Request, Task
from takeback.signals.details import features
from takeback.signals.files import documents
from takeback.signals.files.kind import FileKind, kind_of
from takeback.signals.model import Box
from takeback.signals.parts.decode import Picture, Working, in_grey, said_as_unreadable, working
from takeback.signals.parts.panels import cuts

DOCUMENT_SHARE = 0.6
"""Share of the time limit after which nothing more is read of a document."""
_PATIENCE = 0.8
"""Share of the time limit after which a clip's reading ends with what it has."""
_WALK_SECONDS = 1.0


def main() -> None:
    """Serve clips, documents and details until the pipe ends."""
    serve(answer_study, _warm_up)


def answer_study(request: Request, data: bytes, limits: Limits) -> tuple[Outcome, bytes]:
    """Answer one question about one clip or document, or about the details of a picture. Raises
    Unreadable.
    """
    bounds = {"max_bytes": limits.max_bytes, "max_pixels": limits.max_pixels}
    if request.task is Task.FEATURES and kind_of(data) is FileKind.PICTURE:
        check_cost(request, data, limits)
    began = time.monotonic()
    match request.task:
        case Task.CLIP:
            _check_clip(request, data, bounds)
            seen = read_clip(data, patience=_PATIENCE * limits.seconds, flips=request.flips, **bounds)
            _check_whole(request, time.monotonic() - began > _PATIENCE * limits.seconds)
            return Outcome.CLIP, wire.format_clip(seen)
        case Task.SIGNALS:
            seconds = DOCUMENT_SHARE * limits.seconds
            if request.most_ms:
                seconds = min(seconds, request.most_ms / 1000)
            read = documents.read_document(data, flips=request.flips, seconds=seconds, **bounds)
            _check_whole(request, read.left_out > 0)
            return Outcome.SIGNALS, wire.format_seen(read)
        case Task.PREVIEW:
            shown = documents.show(data, request.view, at_ms=request.at_ms, **bounds)
            return Outcome.PREVIEW, preview(shown, request)
        case Task.PART:
            return Outcome.PART, part(
                documents.show(data, request.view, at_ms=request.at_ms, **bounds), request
            )
        case Task.FEATURES:
            return Outcome.FEATURES, features.format_features(
                _features(_shown(data, request, bounds), request.box)
            )


def _check_clip(request: Request, data: bytes, bounds: dict[str, int]) -> None:
    if request.most_ms:
        with said_as_unreadable():
            source = footage.source_of(
                data, bounds["max_bytes"], bounds["max_pixels"], patience=_WALK_SECONDS
            )
            packets, width, height, duration_ms = footage.measures(source)
        cost.check(cost.of_clip(packets, width, height, duration_ms), request.most_ms)


def _check_whole(request: Request, is_cut: bool) -> None:
    """Leave to the slow lane what the fast one had no time for."""
    if request.most_ms and is_cut:
        raise Unreadable(WhyUnreadable.TOO_SLOW, "not all of it was read in the time of the fast lane")


def _shown(data: bytes, request: Request, bounds: dict[str, int]) -> Working:
    if not request.view and not documents.is_document(data):
        return working(data, **bounds)
    return in_grey(Picture(documents.show(data, request.view, at_ms=request.at_ms, **bounds), ""))


def _features(shown: Working, box: Box | None) -> features.Features:
    """Describe a picture with its parts, in pixels of the full size; or one part as if it had come alone."""
    if box is None:
        found = features.describe(shown.grey, cuts(shown.grey))
        return features.enlarged(found, shown.scale, shown.width, shown.height)
    left, top = box.left // shown.scale, box.top // shown.scale
    right, bottom = -(-(box.left + box.width) // shown.scale), -(-(box.top + box.height) // shown.scale)
    part = np.ascontiguousarray(shown.grey[top:bottom, left:right])
    if not part.size:
        raise Unreadable(WhyUnreadable.DAMAGED, f"no part {box} in {shown.width} x {shown.height} pixels")
    return features.describe(part, cuts(part))


def _warm_up() -> None:
    """Read a clip and find features once, so that nothing is imported or opened afterwards."""
    warm_up()
    cv2.setNumThreads(1)
    picture = BytesIO()
    Image.fromarray(_noise(240, 320)).save(picture, "JPEG")
    limits = Limits(10, 1 << 24, 1 << 24)
    clip = _clip()
    for task, data in ((Task.CLIP, clip), (Task.PREVIEW, clip), (Task.FEATURES, picture.getvalue())):
        answer_study(Request(task, len(data), flips=True, max_side=64, blur=True, grey=True), data, limits)
    answer_study(Request(Task.PREVIEW, len(clip), max_side=64, at_ms=500), clip, limits)
    _warm_up_documents(picture.getvalue(), clip, limits)
    for damaged in (clip[:200], clip[: len(clip) // 2], clip[:12] + bytes(500)):
        try:
            read_clip(damaged)
        except Unreadable:
            # The paths of failure are part of what must be imported already.
            continue


def _warm_up_documents(picture: bytes, clip: bytes, limits: Limits) -> None:
    page, archive = BytesIO(), BytesIO()
    Image.open(BytesIO(picture)).save(page, "PDF")
    ways = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(archive, "w") as written:
        for number, way in enumerate(ways):
            written.writestr(f"{number}.jpg", picture, way)
        written.writestr("clip.avi", clip)
    inside = base64.b64encode(picture).decode()
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="data:image/jpeg;base64,{inside}"/></svg>'
    for data in (page.getvalue(), archive.getvalue(), svg.encode(), gzip.compress(svg.encode())):
        for task in (Task.SIGNALS, Task.PREVIEW, Task.PART, Task.FEATURES):
            answer_study(Request(task, len(data), max_side=64), data, limits)
    for damaged in (b"%PDF-1.4\n", b"PK\3\4", b"<svg", b"\x1f\x8b\x08", b"ID3\4", b"fLaC", b"OggS"):
        try:
            documents.read_document(damaged)
        except Unreadable:
            # The paths of failure are part of what must be imported already.
            continue


def _clip() -> bytes:
    out = BytesIO()
    with av.open(out, "w", format="avi") as container:
        stream: VideoStream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for seed in range(8):
            frame = av.VideoFrame.from_ndarray(_noise(96, 128, seed), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def _noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((16, 16, 1), np.uint8))


if __name__ == "__main__":
    main()
