"""A measurement of recall as one HTML page, with the pictures that were missed beside their originals.

A number says how many are missed, a look says why. The page stands alone: styles and pictures are in it, no
script, nothing is loaded. A picture is made again from its seed, so the measurement need not keep any.
"""

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from io import BytesIO

from PIL import Image

from takeback.measure import numbers
from takeback.measure.edits import EDITS
from takeback.measure.recall import Matcher, Recall, Trial, edited
from takeback.signals.model import MATCH_RADIUS, REVIEW_RADIUS
from takeback.signals.parts.decode import decode

SHOWN = 6
"""Missed copies of a group that are shown."""
_SIDE = 220
"""Pixels of a small picture's longer side."""

_STYLE = """
:root { color-scheme: dark light; --ground: light-dark(#f2f2f4, #131315); --panel: light-dark(#fff, #1b1b1e);
  --line: light-dark(#d6d6db, #37373d); --text: light-dark(#1a1a1d, #e6e6e9);
  --faint: light-dark(#55555c, #a9a9b2);
  --bar: light-dark(#cfe3ea, #24434f); }
* { box-sizing: border-box; }
html { font: 14px/20px system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; background: var(--ground); color: var(--text); }
body { max-width: 1180px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 20px; line-height: 28px; margin: 0 0 8px; } h2 { font-size: 16px; margin: 40px 0 8px; }
h3 { font-size: 14px; margin: 24px 0 8px; }
p { max-width: 75ch; margin: 0 0 12px; } .faint { color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--panel); }
th, td { padding: 4px 12px; border-bottom: 1px solid var(--line); text-align: end; white-space: nowrap; }
th:first-child { text-align: start; font-weight: 400; }
thead th { font-weight: 600; vertical-align: bottom; white-space: normal; }
tr.all th, tr.all td { font-weight: 600; border-top: 2px solid var(--faint); }
td.share { background: linear-gradient(90deg, var(--bar) var(--part), transparent var(--part)); }
td small { color: var(--faint); }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); }
figure { margin: 0; padding: 8px; background: var(--panel);
  border: 1px solid var(--line); border-radius: 4px; }
figure div { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; align-items: center; }
img { width: 100%; height: 200px; object-fit: contain; } figcaption { margin-top: 8px; color: var(--faint); }
@media (max-width: 480px) { ul { grid-template-columns: 1fr; } img { height: 130px; } }
"""


def as_html(recall: Recall) -> str:
    """The page; it holds small copies of photographs, so it is as private as they are."""
    about = (
        f"{recall.edited} photographs, {len(EDITS)} edits, {len(recall.trials):,} copies, "
        f"{len(recall.paths)} entries; behind each share its 95 % interval. A variant is the copy as a "
        "whole, without its border, or one of its panels, in eight flips and as a negative. "
        f"To {MATCH_RADIUS} bits is a match; to {REVIEW_RADIUS} bits, and whatever only the second stage "
        "finds, is shown to a person."
    )
    missed = (
        f"Left the photograph, right its copy, at most {SHOWN} of each kind; where there are some, those "
        "that the second stage misses too."
    )
    body = "\n".join(
        [
            f"<h1>Recognised after edits</h1>\n<p>{about}</p>",
            f'<div class="wide"><table>{_head()}{_shares(recall)}{_properties(recall)}</table></div>',
            f'<h2>What is missed</h2>\n<p class="faint">{missed}</p>',
            *_missed(recall),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>Recall</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head() -> str:
    cells = "".join(f'<th scope="col">{escape(matcher.value)}</th>' for matcher in Matcher)
    return f'<thead><tr><th scope="col">Edit</th>{cells}</tr></thead>'


def _shares(recall: Recall) -> str:
    rows = [_row(group, recall, group) for group in numbers.GROUPS] + [_row("all", recall, None)]
    return f"<tbody>{''.join(rows)}</tbody>"


def _row(name: str, recall: Recall, group: str | None) -> str:
    cells = ""
    for matcher in Matcher:
        share = recall.share(matcher, group)
        low, high = share.interval()
        cells += (
            f'<td class="share" style="--part: {100 * share.value:.1f}%">{share.value:.1%} '
            f"<small>{100 * low:.0f}-{100 * high:.0f}</small></td>"
        )
    kind = ' class="all"' if group is None else ""
    return f'<tr{kind}><th scope="row">{escape(name)}</th>{cells}</tr>'


def _properties(recall: Recall) -> str:
    rows = ""
    for name, values in numbers.properties(recall):
        cells = "".join(f"<td>{escape(values.get(matcher, ''))}</td>" for matcher in Matcher)
        rows += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return f"<tbody>{rows}</tbody>"


def _missed(recall: Recall) -> Iterator[str]:
    for group in numbers.GROUPS:
        missed = [
            trial
            for trial in recall.trials
            if EDITS[trial.edit].group == group and not trial.found(Matcher.VARIANTS)
        ]
        if missed:
            figures = "".join(f"<li>{_figure(trial, recall)}</li>" for trial in _spread(missed))
            yield f"<h3>{escape(group)}: {len(missed)} missed by hashes</h3><ul>{figures}</ul>"


def _spread(missed: list[Trial]) -> list[Trial]:
    """Some of what nothing finds, evenly chosen, or else of all."""
    nothing = [trial for trial in missed if not trial.found(Matcher.EITHER)] or missed
    count = min(SHOWN, len(nothing))
    return [nothing[place * len(nothing) // count] for place in range(count)]


def _figure(trial: Trial, recall: Recall) -> str:
    path, edit = recall.paths[trial.picture], EDITS[trial.edit]
    copy = edited(recall.paths, trial.picture, edit, recall.seed)
    second = "not found" if trial.inliers is None else f"found, {trial.inliers} places agree"
    return (
        f"<figure><div>{_image(path.read_bytes(), 'the photograph')}{_image(copy, 'its copy')}</div>"
        f"<figcaption>{escape(edit.name)}: {trial.nearest} bits off; second stage: {second}</figcaption>"
        "</figure>"
    )


def _image(data: bytes, words: str) -> str:
    image = Image.fromarray(decode(data).rgb)
    image.thumbnail((_SIDE, _SIDE))
    out = BytesIO()
    image.save(out, "JPEG", quality=70)
    return f'<img alt="{escape(words)}" src="data:image/jpeg;base64,{b64encode(out.getvalue()).decode()}">'
