"""Stage `profile`: what a corpus holds and how well its claims rest on it.

Reads a snapshot set and the claims drawn from it (one JSON document per line), writes one `corpus-profile`.
Standard library only. The task comes on standard input, the answer goes to standard output.
"""

import json
import os
import sys
from collections import Counter


class Refused(Exception):
    """The content says no; the code is one of Orgo's catalogue."""

    def __init__(self, code, detail):
        super().__init__(detail)
        self.code = code
        self.detail = detail


def the_input(task, kind):
    found = [one for one in task["inputs"] if one["kind"] == kind]
    if len(found) != 1:
        raise Refused("STAGE_INPUT_INVALID", f"{len(found)} inputs of kind {kind}")
    return found[0]["path"]


def read_json(path, kind):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except ValueError as error:
        raise Refused("STAGE_INPUT_INVALID", f"{kind}: {error}") from error


def read_lines(path, kind):
    with open(path, encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise Refused("STAGE_INPUT_INVALID", f"{kind}: line {number}: {error}") from error


def all_claims(claims):
    """Claims and, behind each, the alternatives it names."""
    for claim in claims:
        yield claim
        yield from all_claims(claim.get("alternatives", []))


def name_of(reference):
    return reference.get("pid") or reference.get("surface") or "?"


def merged_length(spans):
    """How many positions the half-open spans cover together."""
    covered = 0
    reached = 0
    for start, end in sorted(spans):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def basis_points(part, whole):
    """A share in ten-thousandths, rounded down: profiles hold no floating point."""
    return 10_000 * part // whole if whole else 0


def counted(counter):
    return [{"name": name, "count": count} for name, count in sorted(counter.items())]


def profile_of(snapshot_set, documents):
    snapshots = snapshot_set["snapshots"]
    spans = {snapshot["source"]["source_id"]: [] for snapshot in snapshots}
    properties, languages, objects = Counter(), Counter(), Counter()
    claims = grounded = quoted = 0
    for document in documents:
        languages[document.get("document", {}).get("lang", "und")] += 1
        for claim in all_claims(document["claims"]):
            claims += 1
            properties[name_of(claim["predicate"])] += 1
            objects[claim["object"]["kind"]] += 1
            evidence = claim.get("evidence", [])
            grounded += bool(evidence)
            for one in evidence:
                quoted += "quote" in one
                offsets = one.get("offsets")
                source = one["source"].get("source_id")
                if offsets is not None and source in spans:
                    spans[source].append((offsets["start_char"], offsets["end_char"]))
    sources = []
    for snapshot in snapshots:
        covered = merged_length(spans[snapshot["source"]["source_id"]])
        length = snapshot["code_points"]
        sources.append(
            {
                "source_id": snapshot["source"]["source_id"],
                "path": snapshot["path"],
                "media_type": snapshot["media_type"],
                "code_points": length,
                "covered_code_points": covered,
                "coverage_bp": basis_points(covered, length),
            }
        )
    total = sum(source["code_points"] for source in sources)
    covered = sum(source["covered_code_points"] for source in sources)
    return {
        "kind": "corpus-profile",
        "profile_version": "1",
        "sources": sorted(sources, key=lambda source: (source["source_id"], source["path"])),
        "excluded": len(snapshot_set["excluded"]),
        "media_types": counted(Counter(snapshot["media_type"] for snapshot in snapshots)),
        "document_languages": counted(languages),
        "claims": {
            "total": claims,
            "with_evidence": grounded,
            "quotes": quoted,
            "by_property": counted(properties),
            "by_object_kind": counted(objects),
        },
        "coverage": {
            "code_points": total,
            "covered_code_points": covered,
            "coverage_bp": basis_points(covered, total),
        },
    }


def run(task):
    snapshot_set = read_json(the_input(task, "snapshot-set"), "snapshot-set")
    documents = read_lines(the_input(task, "claim-ir-lines"), "claim-ir-lines")
    try:
        profile = profile_of(snapshot_set, documents)
    except (KeyError, TypeError, AttributeError) as error:
        raise Refused("STAGE_INPUT_INVALID", f"not in the shape of its kind: {error!r}") from error
    with open(os.path.join(task["output_dir"], "profile.json"), "w", encoding="utf-8") as file:
        json.dump(profile, file)
    claims = profile["claims"]
    print(f"profiled {len(profile['sources'])} sources, {claims['total']} claims", file=sys.stderr)
    without = claims["total"] - claims["with_evidence"]
    return {
        "status": "ok",
        "outputs": [{"kind": "corpus-profile", "media_type": "application/json", "path": "profile.json"}],
        "metrics": {"sources": len(profile["sources"]), "claims": claims["total"]},
        "diagnostics": [{"code": "EVIDENCE_MISSING", "count": without}] if without else [],
    }


def main():
    task = json.load(sys.stdin)
    try:
        answer = run(task)
    except Refused as refusal:
        answer = {"status": "failed", "code": refusal.code, "detail": refusal.detail}
    json.dump(answer, sys.stdout)


main()
