"""Files that are handed out piece by piece, so that one piece at a time is in memory."""

from collections.abc import Iterable

from starlette.responses import StreamingResponse


def download(
    pieces: Iterable[bytes], name: str, size: int, kind: str = "application/zip"
) -> StreamingResponse:
    """Return an answer that a browser saves as a file."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
    return StreamingResponse(pieces, media_type=kind, headers=headers)
