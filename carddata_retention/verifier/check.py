"""A look at exported evidence: one file, a folder of them, or a proof about one record. Every complaint is kept."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from .form import (
    FORMAT,
    GENESIS,
    OF_DEADLINE,
    OF_EVENT,
    OF_HEAD,
    OF_RUN,
    OF_STONE,
    Entry,
    canonical,
    check_of,
    digest,
    event_line,
    head,
    leaf,
    run_digest,
    seal,
    unsigned,
)
from .form import said as said_of
from .merkle import Tree, leaf_hash, root_by_path

MOST = 1000
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
_KINDS = ("run", "event", "batch", "deadline", "tombstone", "head")
# Of a run and of a batch every member is under the seal, whatever they are.
_MEMBERS = {"event": set(OF_EVENT), "deadline": set(OF_DEADLINE), "tombstone": set(OF_STONE),
            "head": {*OF_HEAD, "facts", "tombstones", "root", "previous", "seal", "key_id", "signature"}}


class Complaint(NamedTuple):
    """What does not hold, in which file, at which line where that can be said."""

    file: str
    line: int | None
    what: str


@dataclass(slots=True)
class Checked:
    """What was looked at, and every complaint. `head` is the seal of the last run."""

    files: int = 0
    tombstones: int = 0
    head: str = GENESIS
    complaints: list[Complaint] = field(default_factory=list)


class EvidenceFile:
    """One file, read once from above to below; its tombstones pass by. Its signature is not looked at."""

    def __init__(self, path: Path) -> None:
        self.name, self.tree, self.complaints = path.name, Tree(), list[Complaint]()
        self.run: Entry = {}
        self.head: Entry = {}
        self._batches: dict[tuple[str, int], Entry] = {}
        self._digests: dict[tuple[str, int], Any] = defaultdict(hashlib.sha256)
        self._numbers: Counter[tuple[str, int]] = Counter()
        self._deadlines, self._events = hashlib.sha256(), hashlib.sha256()
        self.events: list[int] = []  # the numbers before the first event and of the last one
        self._kind, self._place = "run", ("", 0)
        try:
            with path.open("rb") as file:
                for at, entry in self._lines(file):
                    self._take(at, entry)
            self._judge()
        except OSError as wrong:
            self.complain(f"it cannot be read: {type(wrong).__name__}")
        except MALFORMED as wrong:
            self.complain(f"what stands here is not evidence: {type(wrong).__name__}")

    def complain(self, what: str, at: int | None = None) -> None:
        """Note what does not hold, up to a bound."""
        if len(self.complaints) < MOST:
            self.complaints.append(Complaint(self.name, at, what))

    def _lines(self, file: Iterable[bytes]) -> Iterator[tuple[int, Entry]]:
        before, at = "", 0
        for at, raw in enumerate(file, start=1):
            body, _, said = raw.removesuffix(b'"}\n').rpartition(b',"check":"')
            try:
                entry = json.loads(body + b"}")
                what = said_of(" ".join(str(entry[w]) for w in ("kind", "target", "seq", "batch_no") if w in entry))
                if canonical(entry) != body + b"}":
                    raise ValueError
            except MALFORMED:
                self.complain("this line is not whole: it was changed, or the file was cut off here", at)
                continue
            if said.decode(errors="replace") != check_of(before, body + b"}"):
                self.complain(f"{what}: it was changed, or the line before it was removed, added or moved", at)
            before = said.decode(errors="replace")
            yield at, entry
        if self._kind != "head":
            self.complain("the file ends without its head: it was cut off", at)

    def _take(self, at: int, entry: Entry) -> None:
        kind = entry.pop("kind", None)
        if kind not in _KINDS or _KINDS.index(kind) < _KINDS.index(self._kind) or self.head:
            self.complain(f"{said_of(kind)} does not belong here: it was added or moved", at)
            return
        if entry.keys() != _MEMBERS.get(kind, entry.keys()):
            self.complain(f"{kind} says more or less than it must", at)
        self._kind = kind
        try:
            match kind:
                case "run":
                    if self.run or entry.pop("format") != FORMAT:
                        self.complain(f"a second run, or not format {FORMAT}", at)
                    self.run = entry
                case "event":
                    self._take_event(at, entry)
                case "batch":
                    self._batches[entry["target"], entry["batch_no"]] = entry
                case "deadline":
                    self._deadlines.update(canonical([entry[name] for name in OF_DEADLINE]) + b"\n")
                case "tombstone":
                    self._take_tombstone(at, entry)
                case _:
                    self.head = entry
        except MALFORMED:
            self.complain(f"{kind} lacks what it must say", at)

    def _take_event(self, at: int, entry: Entry) -> None:
        self._events.update(event_line(entry))
        self.events = self.events or [entry["number"] - 1] * 2
        if entry["number"] != self.events[1] + 1:
            self.complain(f"event {said_of(entry['number'])} does not follow the one before", at)
        self.events[1] = entry["number"]

    def _take_tombstone(self, at: int, entry: Entry) -> None:
        place, batch = (entry["target"], entry["seq"]), (entry["target"], entry["batch_no"])
        if place <= self._place:
            self.complain(f"tombstone {said_of(place[1])} of {said_of(place[0])} stands twice, or was moved", at)
        self._place = place
        self._digests[batch].update(entry["digest"].encode())
        self._numbers[batch] += 1
        self.tree.add(leaf_hash(leaf(self.run, self._batches[batch], entry)))

    def _judge(self) -> None:
        for (target, number), batch in self._batches.items():
            held, promised = self._numbers[target, number], batch["purged"]
            name = f"{said_of(number)} of {said_of(target)}"
            if held != promised:
                self.complain(f"batch {name} has {held} tombstones and was committed with {said_of(promised)}")
            elif self._digests[target, number].hexdigest() != batch["digest"]:
                self.complain(f"batch {name}: its tombstones are not those it was committed with")
        try:
            if self.run["deadlines"] not in (None, self._deadlines.hexdigest()):
                self.complain("the deadlines are not those that the run was sealed with")
            if self.run["events"] != self._events.hexdigest():
                self.complain("the events are not those that the run was sealed with")
            facts = run_digest(self.run, [(*place, digest(batch)) for place, batch in self._batches.items()])
            built = head(self.run, facts, self.tree.size, self.tree.root(), self.head["previous"])
            if any(built[name] != self.head[name] for name in built) or seal(built) != self.head["seal"]:
                self.complain("what stands here is not what was sealed")
        except KeyError:
            self.complain("the run or its head is missing, or lacks what it must say")


def _has(entry: Entry, kind: type, *names: str) -> bool:
    return all(isinstance(entry.get(name), kind) for name in names)


def check_folder(folder: Path, keys: Mapping[str, str], until: str | None = None) -> Checked:
    """Every file, and that the runs follow each other without a gap. `until` is a seal that must be among them."""
    checked, heads = Checked(), list[Entry]()
    for path in sorted(folder.glob("*.jsonl")):
        file = EvidenceFile(path)
        checked.files += 1
        checked.tombstones += file.tree.size
        checked.complaints += file.complaints
        if _has(file.head, str, "seal", "previous", "key_id", "signature") and _has(file.head, int, "number", "epoch"):
            heads.append({**file.head, "file": path.name})
            checked.complaints += [Complaint(path.name, None, what) for what in unsigned(file.head, keys)]
        else:
            checked.complaints.append(Complaint(path.name, None, "its head is not whole, or not signed"))
    heads.sort(key=lambda entry: entry["number"])
    before: Entry = {"number": 0, "seal": GENESIS, "epoch": 0, "file": ""}
    for earlier, this in pairwise([before, *heads]):
        what = None
        if this["number"] != earlier["number"] + 1:
            what = f"run {earlier['number'] + 1} is missing before run {this['number']}, or a run stands twice"
        elif this["previous"] != earlier["seal"] or this["epoch"] < earlier["epoch"]:
            what = f"it does not follow {earlier['file'] or 'nothing'}"
        checked.complaints += [Complaint(this["file"], None, what)] if what else []
        checked.head = this["seal"]
    if until is not None and until not in {entry["seal"] for entry in heads}:
        checked.complaints.append(Complaint(folder.name, None, f"no file has the seal {until}: the last were removed"))
    return checked


def check_proof(proof: Mapping[str, Any], keys: Mapping[str, str]) -> list[str]:
    """What does not hold of a proof that one record was removed; nothing where all does."""
    try:
        top, record = proof["head"], proof["record"]
        root = root_by_path(leaf_hash(record), proof["index"], top["tombstones"], proof["path"])
        told = [] if root == top["root"] and proof["index"] >= 0 else ["the record is not in the tree of this head"]
        told += [f"{name} is not that of the head" for name in OF_RUN if record[name] != top[name]]
        told += [] if seal(top) == proof["seal"] else ["the seal is not that of the head"]
        return told + unsigned(proof, keys)
    except MALFORMED:
        return ["this is no proof, or it is not whole"]
