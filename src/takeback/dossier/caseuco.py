"""`data/case.jsonld`: the same story for programs, in CASE/UCO 1.4 (caseontology.org). Pure.

It repeats what exhibits and entries say, and proves nothing of its own; programs that manage cases read it.
Ids are made from the package's, so the same values give the same bytes.
"""

from datetime import datetime
from uuid import UUID, uuid5

from takeback.dossier.case_summary import CaseSummary, PostedCopy
from takeback_verify.core.canonical import Value, write
from takeback_verify.core.exhibit import ExhibitDocument, ExhibitPart

Node = dict[str, Value]

_CONTEXT: Node = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "kb": "http://example.org/kb/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def describe(summary: CaseSummary) -> bytes:
    """The description, in canonical JSON."""
    names = _Names(summary.head.id)
    tool = names.node("uco-tool:Tool", "tool", {"uco-core:name": summary.head.software})
    who = names.node("uco-identity:Organization", "organization", {"uco-core:name": summary.head.service})
    graph: list[Value] = [tool, who]
    for number, exhibit in enumerate(summary.exhibits, start=1):
        files = [_file(names, exhibit, part) for part in exhibit.parts]
        record = names.node(
            "case-investigation:ProvenanceRecord",
            f"record {exhibit.capture}",
            {
                "case-investigation:exhibitNumber": f"{number}: {exhibit.capture}",
                "uco-core:description": f"recorded on {exhibit.connector} because of: {exhibit.reason}",
                "uco-core:object": [_link(file) for file in files],
            },
        )
        action = names.node(
            "case-investigation:InvestigativeAction",
            f"capture {exhibit.capture}",
            {
                "uco-action:endTime": _time(exhibit.captured_at),
                "uco-action:instrument": _link(tool),
                "uco-action:performer": _link(who),
                "uco-action:result": [_link(record), *map(_link, files)],
                "uco-action:startTime": _time(min(exhibit.first_seen, exhibit.captured_at)),
                "uco-core:name": "recorded and sealed",
            },
        )
        graph += [*files, record, action]
    for copy in summary.copies:
        account = _account(names, copy)
        if account not in graph:
            graph.append(account)
        graph.append(_message(names, copy, account))
    for entry in summary.entries:
        graph.append(
            names.node(
                "case-investigation:InvestigativeAction",
                f"entry {entry.index}",
                {
                    "uco-action:instrument": _link(tool),
                    "uco-action:performer": _link(who),
                    "uco-action:startTime": _time(entry.opening.at),
                    "uco-core:description": f"entry {entry.index} of the log {summary.head.log}",
                    "uco-core:name": entry.opening.kind,
                },
            )
        )
    everything: list[Value] = [_link(node) for node in graph if isinstance(node, dict)]
    graph.append(
        names.node(
            "case-investigation:Investigation",
            "investigation",
            {
                "uco-core:name": f"case {summary.head.case}",
                "uco-core:object": everything,
            },
        )
    )
    return write({"@context": _CONTEXT, "@graph": graph})


class _Names:
    """Names that nobody else gives."""

    def __init__(self, dossier: UUID) -> None:
        self._dossier = dossier

    def node(self, kind: str, what: str, fields: Node) -> Node:
        """A node of the graph."""
        short = kind.partition(":")[2]
        return {"@id": f"kb:{short}-{uuid5(self._dossier, f'{kind} {what}')}", "@type": kind, **fields}


def _file(names: _Names, exhibit: ExhibitDocument, part: ExhibitPart) -> Node:
    what = f"{exhibit.capture} {part.name}"
    digest = names.node(
        "uco-types:Hash",
        f"hash {what}",
        {
            "uco-types:hashMethod": _typed("xsd:string", "SHA256"),
            "uco-types:hashValue": _typed("xsd:hexBinary", part.sha256.hex()),
        },
    )
    content = names.node(
        "uco-observable:ContentDataFacet",
        f"content {what}",
        {
            "uco-observable:hash": digest,
            "uco-observable:mimeType": part.media_type,
            "uco-observable:sizeInBytes": _typed("xsd:integer", str(part.size)),
        },
    )
    file = names.node(
        "uco-observable:FileFacet",
        f"file {what}",
        {
            "uco-observable:fileName": part.name.rpartition("/")[2],
            "uco-observable:filePath": f"data/exhibits/{exhibit.capture}/{part.name}",
            "uco-observable:sizeInBytes": _typed("xsd:integer", str(part.size)),
        },
    )
    return names.node(
        "uco-observable:File",
        what,
        {"uco-core:description": part.what, "uco-core:hasFacet": [content, file]},
    )


def _account(names: _Names, copy: PostedCopy) -> Node:
    """Return who posted, by the account's id; or by a number, in a package that names nobody."""
    known = isinstance(copy.poster, str)
    account = str(copy.poster) if known else f"poster {copy.poster}"
    what = f"account {copy.connector} {account}"
    fields: Node = {"uco-observable:accountIdentifier": account}
    facet = names.node("uco-observable:AccountFacet", what, fields)
    return names.node(
        "uco-observable:Account", what, {"uco-core:hasFacet": [facet], "uco-core:name": account}
    )


def _message(names: _Names, copy: PostedCopy, account: Node) -> Node:
    where = f"{copy.place or '(left out)'}, message {copy.message or '(left out)'}"
    what = f"message {copy.sighting}"
    sent: Node = {"uco-observable:from": _link(account), "uco-observable:sentTime": _time(copy.posted_at)}
    facet = names.node("uco-observable:MessageFacet", what, sent)
    return names.node(
        "uco-observable:Message",
        what,
        {
            "uco-core:description": f"copy {copy.sighting} on {copy.connector}: {where}",
            "uco-core:hasFacet": [facet],
        },
    )


def _link(node: Node) -> Node:
    return {"@id": node["@id"]}


def _typed(kind: str, value: str) -> Node:
    return {"@type": kind, "@value": value}


def _time(at: datetime) -> Node:
    return _typed("xsd:dateTime", at.isoformat().replace("+00:00", "Z"))
