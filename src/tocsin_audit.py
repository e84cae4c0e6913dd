"""tocsin-audit: an outsider's check of Tocsin's transparency log, or with --tree of any C2SP tiled log.

One file for Python >= 3.11 with `cryptography`, and no line shared with Tocsin: who audits must not run the audited
program. Read it from top to bottom, copy it, run it where Tocsin does not run. You bring what the operator must not
choose for you: the log's key (--key, from paper) or a policy naming the log, its witnesses and a quorum (--policy),
and the checkpoint of your last visit, which this program keeps for you.

1 signature and origin of the checkpoint; 2 entries -> leaf hashes -> every tile byte -> root; 3 it extends the kept
checkpoint; 4 quorum of witnesses, and its age; 5 each entry is of the closed schema below and holds no other string;
6 the entries make sense together. --tree leaves out 5 and 6. Exit: 0 ok, 1 finding, 2 broken, 3 unwitnessed.
It cannot show that no other program watched, that the rules are wise, or that every act was logged.
Sources: RFC 6962; c2sp.org: signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-policy, tlog-proof;
where one leaves a choice, this program is the stricter.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib import error, parse, request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# --- The closed schema: what an entry may say. A kind is one line; "kind" and "v":1 belong to each. -------------------

_DAY = "20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
FORMS = {  # how a value stands in the entry's own bytes; a form that is not here is a choice of closed words
    "int": "(?:0|[1-9][0-9]{0,14})",
    "day": f'"{_DAY}"',
    "minute": f'"{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]Z"',
    "hour": f'"{_DAY}T(?:[01][0-9]|2[0-3]):00Z"',
    "hex": '"(?:[0-9a-f]{2}){4,32}"',
    "hash": '"[0-9a-f]{64}"',
    "release": r'"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}(?:(?:a|b|rc)[0-9]{1,3})?(?:\.post[0-9]{1,3})?(?:\.dev[0-9]{1,4})?"',
}
REASONS = "first|worse|sooner|longer|instruction|eased|ended|blind|seeing-again|reminder"
ISSUERS = "official_hazard|official_civil|official_traffic|official_transit|official_events|unregistered"
KINDS: dict[str, dict[str, str]] = {
    "start": {"minute": "minute", "release": "release", "ruleset": "hex", "catalogue": "hash"},
    "source": {"minute": "minute", "act": "added|removed", "source": "hash", "url": "hash", "issuer_class": ISSUERS,
               "origin": "catalogue|extension"},
    "batch": {"minute": "minute", "source": "hash", "ruleset": "hex", "seen": "int", "kept": "int", "items_root": "hash"},
    "sum": {"hour": "hour", "batches": "int", "seen": "int", "kept": "int", "notices": "int", "items_root": "hash"},
    "decision": {"day": "day", "ruleset": "hex", "commitment": "hash"},
    "event": {"day": "day", "act": "new|rewritten", "commitment": "hash"},
    "notice": {"minute": "minute", "notice": "hex", "reason": REASONS, "level": "int",
               "channel_class": "email|webhook|other", "places": "int", "commitment": "hash"},
    "delivery": {"minute": "minute", "notice": "hex", "state": "sent|failed|given-up", "attempts": "int"},
    "purge": {"day": "day", "events": "int", "notices": "int"},
    "key-destroyed": {"day": "day"},
    "key-rotated": {"minute": "minute", "old": "hash", "new": "hash"},
    "clock-jump": {"minute": "minute", "direction": "ahead|back", "seconds": "int"},
    "announce": {"day": "day", "subject": "ruleset|catalogue|declaration", "hash": "hash", "effective": "day"},
    "drill": {"minute": "minute", "canaries": "int", "found": "int"},
    "breach": {"minute": "minute", "clause": "N(?:[1-9]|1[0-2])", "act": "found|repaired"},
}  # fmt: skip
LEAF_BYTES = 1_024
KEY_DAYS, KEY_OVERDUE_DAYS = 29, 32  # a day's key lives for 30 days, not destroyed before the one nor after the other
SKEW_S = 15 * 60  # between honest clocks

# --- What is said, a row each: severity, code, English, German, French. -----------------------------------------------

SPEECH = """
ok | signed | The checkpoint of {origin} is signed by the log: {size} entries, root {root}. | Der Prüfpunkt von {origin} ist vom Protokoll signiert: {size} Einträge, Wurzel {root}. | Le point de contrôle de {origin} est signé par le journal : {size} entrées, racine {root}.
ok | tree | All {size} entries were recomputed and give exactly this root; every file holds what it must. | Alle {size} Einträge wurden nachgerechnet und ergeben genau diese Wurzel; jede Datei stimmt. | Les {size} entrées, recalculées, donnent exactement cette racine ; chaque fichier est conforme.
ok | extends | It continues what you kept: of the {old} entries that you knew none was changed, removed or moved. | Es setzt fort, was Sie aufbewahren: Von {old} bekannten Einträgen wurde keiner geändert, entfernt oder verschoben. | Il prolonge ce que vous gardez : aucune des {old} entrées connues n'a été modifiée, retirée ou déplacée.
note | kept | Kept for your next audit, which will see any change of what is in this log today: {path} | Für Ihre nächste Prüfung aufbewahrt; sie wird jede Änderung am heutigen Inhalt bemerken: {path} | Gardé pour votre prochain contrôle, qui verra toute modification du contenu d'aujourd'hui : {path}
note | rotated | The log passes to another key, of which the SHA-256 is {key}. Write its line down and give both (--key). | Das Protokoll geht auf einen anderen Schlüssel über, SHA-256 {key}. Notieren Sie seine Zeile, und geben Sie beide an (--key). | Le journal passe à une autre clé, de SHA-256 {key}. Notez sa ligne et donnez les deux (--key).
ok | witnessed | Witnessed as your policy asks (quorum {quorum}): {witnesses}. | Bezeugt, wie Ihre Richtlinie es verlangt (Quorum {quorum}): {witnesses}. | Attesté comme l'exige votre politique (quorum {quorum}) : {witnesses}.
ok | content | The entries hold numbers, times, hashes and words of the closed list, nothing else: {kinds}. | Die Einträge enthalten nur Zahlen, Zeiten, Prüfsummen und Wörter der geschlossenen Liste: {kinds}. | Les entrées ne contiennent que nombres, dates, empreintes et mots de la liste fermée : {kinds}.
ok | proven | The proof holds for this log of {size} entries: {what}. | Der Nachweis für dieses Protokoll mit {size} Einträgen stimmt: {what}. | La preuve pour ce journal de {size} entrées est valable : {what}.
unwitnessed | no-policy | You gave no policy (--policy), so no witness was looked for: only the operator vouches for this. | Sie haben keine Richtlinie angegeben (--policy), daher wurde kein Zeuge gesucht: Nur der Betreiber bürgt dafür. | Sans politique (--policy), aucun témoin n'a été recherché : seul l'exploitant s'en porte garant.
unwitnessed | quorum-missed | Too few witnesses for your policy (quorum {quorum}): {witnesses}. | Zu wenige Zeugen für Ihre Richtlinie (Quorum {quorum}): {witnesses}. | Trop peu de témoins pour votre politique (quorum {quorum}) : {witnesses}.
finding | stale | Witnesses saw this log {hours} hours ago; you allow {allowed:g}. | Zeugen haben dieses Protokoll vor {hours} Stunden gesehen; Sie erlauben {allowed:g}. | Des témoins ont vu ce journal il y a {hours} heures ; vous en admettez {allowed:g}.
finding | stray | Inside the log lie files, folders or links that its checkpoint does not cover: nobody has signed them. | Im Protokoll liegen Dateien, Ordner oder Verknüpfungen, die der Prüfpunkt nicht umfasst: Niemand hat sie signiert. | Le journal contient des fichiers, dossiers ou liens hors du point de contrôle : personne ne les a signés.
finding | schema | The closed schema does not allow what is said here. | Das geschlossene Schema erlaubt nicht, was hier gesagt wird. | Le schéma fermé n'admet pas ce qui est dit ici.
finding | sense | Entries contradict entries before them. | Einträge widersprechen früheren Einträgen. | Des entrées contredisent des entrées antérieures.
finding | ahead | A time is claimed that is later than the moment at which a witness, or your clock, already saw it. | Es wird eine Zeit genannt, die nach dem Augenblick liegt, in dem ein Zeuge oder Ihre Uhr sie schon sah. | Une heure indiquée est postérieure au moment où un témoin, ou votre horloge, la voyait déjà.
finding | key | The key of a day was not destroyed as promised: once, after 30 days and not long after. | Der Schlüssel eines Tages wurde nicht wie versprochen vernichtet: einmal, nach 30 Tagen und nicht viel später. | La clé d'un jour n'a pas été détruite comme promis : une fois, après 30 jours et guère plus tard.
finding | not-kept | The checkpoint could not be kept for your next audit: {path} | Der Prüfpunkt konnte nicht für Ihre nächste Prüfung aufbewahrt werden: {path} | Le point de contrôle n'a pas pu être gardé pour votre prochain contrôle : {path}
broken | rewritten | THE PAST WAS CHANGED, or you are shown another history than others: this is not what you kept. | DIE VERGANGENHEIT WURDE GEÄNDERT, oder Ihnen wird eine andere gezeigt als anderen: Es ist nicht, was Sie aufbewahren. | LE PASSÉ A ÉTÉ MODIFIÉ, ou l'on vous en montre un autre qu'à d'autres : ce n'est pas ce que vous gardez.
broken | rollback | THE LOG WENT BACK, and a log never shrinks: entries were cut off, or you were given an old copy. | DAS PROTOKOLL WURDE KÜRZER, was es nie darf: Einträge wurden abgeschnitten, oder Sie haben eine alte Kopie. | LE JOURNAL A RÉTRÉCI, ce qu'il ne fait jamais : on a coupé des entrées, ou l'on vous a remis une copie ancienne.
broken | evidence | The log signed both heads: {old} entries, root {old_root}; {size} entries, root {root}. Copy: {path} | Das Protokoll hat beide signiert: {old} Einträge, Wurzel {old_root}; {size} Einträge, Wurzel {root}. Kopie: {path} | Le journal a signé les deux : {old} entrées, racine {old_root} ; {size} entrées, racine {root}. Copie : {path}
broken | root | The entries do not give the signed root: entries were changed, swapped, added or removed. | Die Einträge ergeben nicht die signierte Wurzel: Sie wurden geändert, vertauscht, ergänzt oder entfernt. | Les entrées ne donnent pas la racine signée : elles ont été modifiées, permutées, ajoutées ou retirées.
broken | damaged | A file is damaged, or does not hold what the entries give. | Eine Datei ist beschädigt oder enthält nicht, was die Einträge ergeben. | Un fichier est endommagé ou ne contient pas ce que donnent les entrées.
broken | unreadable | Something is missing or cannot be read ({why}). | Etwas fehlt oder lässt sich nicht lesen ({why}). | Un élément manque ou ne peut pas être lu ({why}).
broken | signature | A signature is missing or false: {name}. | Eine Signatur fehlt oder ist falsch: {name}. | Une signature manque ou est fausse : {name}.
broken | kept-unfit | The checkpoint that you kept does not fit: it is damaged, of another log or size, or by another key. | Ihr aufbewahrter Prüfpunkt passt nicht: beschädigt, anderes Protokoll, andere Größe oder anderer Schlüssel. | Le point de contrôle gardé ne convient pas : endommagé, autre journal, autre taille ou autre clé.
broken | unproven | The proof does not hold. | Der Nachweis stimmt nicht. | La preuve ne tient pas.
broken | policy | The policy file cannot be used, see line {line}. | Die Richtliniendatei ist nicht verwendbar, siehe Zeile {line}. | Le fichier de politique est inutilisable, voir ligne {line}.
broken | no-key | I need the log's key, NAME+ID+KEY (--key or --policy), from somebody other than the operator. | Ich brauche den Schlüssel des Protokolls, NAME+ID+SCHLÜSSEL (--key oder --policy), und nicht vom Betreiber. | Il me faut la clé du journal, NOM+ID+CLÉ (--key ou --policy), d'une autre main que celle de l'exploitant.
result | ok | Result: nothing to object to. It shows that what was logged is unchanged, not that nothing else was watched. | Ergebnis: keine Beanstandung. Das Protokollierte ist unverändert; dass sonst nichts beobachtet wurde, zeigt das nicht. | Résultat : rien à redire. Ce qui est consigné est inchangé ; cela ne dit pas que rien d'autre n'a été observé.
result | finding | Result: the log is intact, but something needs an explanation. | Ergebnis: Das Protokoll ist unversehrt, aber etwas bedarf der Erklärung. | Résultat : le journal est intact, mais un point demande une explication.
result | broken | Result: do not rely on this. Keep this report and the copy that you audited. | Ergebnis: Darauf ist kein Verlass. Bewahren Sie diesen Bericht und die geprüfte Kopie auf. | Résultat : ne vous y fiez pas. Conservez ce rapport et la copie examinée.
result | unwitnessed | Result: sound in itself, but nobody outside vouches for it as you asked. | Ergebnis: in sich stimmig, aber niemand außerhalb bürgt dafür, wie Sie es verlangen. | Résultat : cohérent en soi, mais personne d'extérieur ne s'en porte garant comme vous le demandez.
"""
SENTENCES = {row[1]: (row[0], *row[2:]) for row in (line.split(" | ") for line in SPEECH.strip().split("\n"))}
EXIT = {"ok": 0, "finding": 1, "broken": 2, "unwitnessed": 3}
LANGUAGES = ("en", "de", "fr")
TAGS = {"ok": ("ok", "gut", "bon"), "note": ("note", "Hinweis", "note"), "finding": ("FINDING", "BEFUND", "CONSTAT"),
        "broken": ("BROKEN", "FEHLER", "ERREUR"), "unwitnessed": ("UNWITNESSED", "UNBEZEUGT", "SANS TÉMOIN")}  # fmt: skip


class Broken(Exception):  # noqa: N818  - named for the verdict that it leads to
    """The log, or what the auditor was given, cannot be relied upon; `code` is one of SENTENCES, `at` where."""

    def __init__(self, code: str, at: str = "", **values: object) -> None:
        self.code, self.at, self.values = code, at, values


class Report:
    """What was found: one line a code, with a count and the first places, so that no log can flood it."""

    def __init__(self) -> None:
        self.lines: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []  # signed notes that contradict each other
        self.held = set[bytes]()  # the auditor's keys as an entry names them

    def add(self, code: str, at: str = "", **values: object) -> None:
        """Say sentence `code`; `at` is an entry (#7) or a file, and may be foreign text."""
        new = {"code": code, "severity": SENTENCES[code][0], "count": 0, "at": [], "values": values}
        line = self.lines.setdefault(code, new)
        line["count"] += 1
        line["at"] += [shown(at)] if at and len(line["at"]) < 5 else []

    @property
    def verdict(self) -> str:
        """Return a key of EXIT."""
        said = {line["severity"] for line in self.lines.values()}
        return next((severity for severity in ("broken", "finding", "unwitnessed") if severity in said), "ok")

    def sentence(self, code: str, language: str) -> str:
        """Return the line of `code` for people."""
        line = self.lines.get(code, {"count": 0, "at": [], "values": {}})
        said, places = SENTENCES[code][1 + LANGUAGES.index(language)].format(**line["values"]), ", ".join(line["at"])
        more = f" … ({line['count']})" if line["count"] > len(line["at"]) else ""
        return f"{said} [{places}{more}]" if places else said

    def text(self, language: str) -> str:
        """Return the report for people."""
        tags = {severity: tag[LANGUAGES.index(language)] for severity, tag in TAGS.items()}
        rows = [f"{tags[line['severity']]:12} {self.sentence(code, language)}" for code, line in self.lines.items()]
        return "\n".join([*rows, self.sentence(self.verdict, language)])

    def json(self, language: str) -> str:
        """Return the report for programs: one object."""
        lines = [{**line, "sentence": self.sentence(code, language)} for code, line in self.lines.items()]
        return json.dumps({"verdict": self.verdict, "exit": EXIT[self.verdict], "lines": lines, "notes": self.notes})


def shown(text: str) -> str:
    """Return foreign text so that it cannot steer a terminal: printable ASCII, at most 80 characters."""
    return ascii(text)[1:-1][:80]


# --- Keys, signed notes, checkpoints, policies (the C2SP documents of these names). -----------------------------------

LOG_ED25519, WITNESS_ED25519 = 0x01, 0x04  # signature types of keys
NOTE_BYTES, NOTE_LINES, HASH_BYTES = 1_000_000, 100, 32
NAME = re.compile(r"[^\s+]+")  # no blank of any script, no plus


def unbase64(text: str, size: int | None = None) -> bytes:
    """Return the bytes, `size` of them, of base64 in its one canonical form; raises ValueError."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode("ascii") != text or (size is not None and len(raw) != size):
        raise ValueError("not canonical")  # else the unused bits of the last letter could be changed unseen
    return raw


def sha256(*parts: bytes) -> bytes:
    """Return the hash of the parts one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


class Key(NamedTuple):
    """A verifier key, written NAME+ID+base64(type, public key)."""

    name: str
    id: bytes
    kind: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Key:
        """Return the key; raises ValueError unless its parts fit together and its type is known."""
        name, id_hex, material = vkey.split("+", 2)  # base64 has a plus too
        raw = unbase64(material, 1 + HASH_BYTES)  # an Ed25519 key is as long as a hash
        key_id = sha256(name.encode(), b"\n", raw)[:4]
        if not NAME.fullmatch(name) or id_hex != key_id.hex() or raw[0] not in {LOG_ED25519, WITNESS_ED25519}:
            raise ValueError("not a verifier key")
        return cls(name, key_id, raw[0], raw[1:])

    def signed_at(self, text: bytes, signature: bytes) -> int:
        """Return when `text` was signed in POSIX seconds (0: a log does not say); raises InvalidSignature."""
        at = int.from_bytes(signature[:8]) if self.kind == WITNESS_ED25519 else 0
        if self.kind == WITNESS_ED25519:
            text, signature = b"cosignature/v1\ntime %d\n" % at + text, signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except ValueError:  # the key is none
            raise InvalidSignature from None
        return at


def open_note(raw: bytes, keys: Iterable[Key]) -> tuple[bytes, dict[Key, int]]:
    """Return a note's text, and who of `keys` signed it when; raises Broken at a false signature by one, or none."""
    known = {(key.name, key.id): key for key in keys}
    signers: dict[Key, int] = {}
    try:
        text, blank, signatures = raw.decode("utf-8").rpartition("\n\n")
        lines = signatures.removesuffix("\n").split("\n")
        whole = blank and signatures.endswith("\n") and len(raw) <= NOTE_BYTES and len(lines) <= NOTE_LINES
        if not whole or re.search(rb"[\x00-\x09\x0b-\x1f]", raw):
            raise ValueError("not a note")
        for line in lines:
            name, _, encoded = line[2:].partition(" ")
            signature = unbase64(encoded)
            if not line.startswith("— ") or not NAME.fullmatch(name) or len(signature) <= 4:
                raise ValueError("not a signature")
            if key := known.get((name, signature[:4])):
                signers[key] = max(signers.get(key, 0), key.signed_at(f"{text}\n".encode(), signature[4:]))
    except ValueError:  # also of base64 and UTF-8
        raise Broken("damaged", "signed note") from None
    except InvalidSignature:
        raise Broken("signature", name=shown(name)) from None
    if not signers:
        raise Broken("signature", name="–")
    return f"{text}\n".encode(), signers


class Head(NamedTuple):
    """A checkpoint: a log's origin, number of entries and root; who of the policy cosigned it when."""

    origin: str
    size: int
    root: str  # in hex
    extra: list[str]  # extension lines
    cosigned: dict[str, int]  # the policy's name of a witness -> POSIX seconds
    raw: bytes


class Trust:
    """The keys and the quorum that the auditor, not the operator, has chosen."""

    def __init__(self) -> None:
        self.logs, self.witnesses = dict[str, Key](), dict[str, Key]()
        self.groups: dict[str, tuple[int, list[str]]] = {}  # threshold, and members that were named before
        self.quorum: str | None = None  # None: no policy was given; "none": it asks for no witness
        self.members = {"none"}  # a name may be a member once, "none" never

    def is_met(self, cosigners: Iterable[str]) -> bool:
        """Return whether these witnesses satisfy the quorum."""
        witnessed = {"none", *cosigners}
        for name, (threshold, members) in self.groups.items():
            if sum(member in witnessed for member in members) >= threshold:
                witnessed.add(name)
        return self.quorum in witnessed

    def open(self, raw: bytes) -> Head:
        """Return the checkpoint if a log key named like its origin signed it; raises Broken."""
        text, signers = open_note(raw, [*self.logs.values(), *self.witnesses.values()])
        try:
            origin, size, root, *extra = text.decode("utf-8")[:-1].split("\n")
            if not all((origin, *extra)) or not re.fullmatch("0|[1-9][0-9]{0,17}", size):
                raise ValueError("not a checkpoint")
            root = unbase64(root, HASH_BYTES).hex()
        except ValueError:
            raise Broken("damaged", "checkpoint") from None
        if not any(key in signers and key.name == origin for key in self.logs.values()):
            raise Broken("signature", name=shown(origin))
        cosigned = {name: signers[key] for name, key in self.witnesses.items() if key in signers}
        return Head(origin, int(size), root, extra, cosigned, raw)

    def read_policy(self, raw: bytes) -> None:
        """Take over a policy file, which is octets, not UTF-8; raises Broken. Source: c2sp.org/tlog-policy."""
        for number, line in enumerate(raw.decode("latin-1").split("\n"), 1):
            words = [word for word in re.split("[ \t]", line) if word] or ["#"]
            try:
                if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line) or not (words[0][0] == "#" or self._take(*words)):
                    raise ValueError("not a line of a policy")
            except (ValueError, TypeError):  # TypeError: too few or too many words
                raise Broken("policy", line=number) from None
        if self.quorum is None:
            raise Broken("policy", line="quorum")

    def _take(self, verb: str, name: str, *words: str) -> bool:
        known = {"none", *self.witnesses, *self.groups}
        if verb == "log" and len(words) <= 1:
            return self.add_log(name.encode("latin-1").decode())
        if verb == "quorum" and not words and name in known and self.quorum is None:
            self.quorum = name
            return True
        if verb == "witness" and len(words) in {1, 2} and name not in known:
            self.witnesses[name] = Key.parse(words[0].encode("latin-1").decode())
            publics = {key.public for key in self.witnesses.values()}
            return self.witnesses[name].kind == WITNESS_ED25519 and len(publics) == len(self.witnesses)
        if verb == "group" and words and name not in known:
            threshold, *members = words
            number = int(threshold) if re.fullmatch("[1-9][0-9]{0,3}", threshold) else 0
            self.groups[name] = {"any": 1, "all": len(members)}.get(threshold, number), members
            fit = {*members} <= known - self.members and 1 <= self.groups[name][0] <= len({*members}) == len(members)
            self.members |= {*members}
            return fit
        return False

    def add_log(self, vkey: str) -> bool:
        """Trust this key of a log; return whether it is one, and another than those before."""
        with contextlib.suppress(ValueError):
            key = Key.parse(vkey)
            if key.kind == LOG_ED25519 and key.public not in {other.public for other in self.logs.values()}:
                self.logs[vkey] = key
                return True
        return False


# --- The tree (RFC 6962 section 2.1, tlog-tiles). -----------------------------------------------

WIDTH, LEAF, NODE = 256, b"\x00", b"\x01"
BUNDLE_BYTES = WIDTH * (2 + 65_535)


def root_of(hashes: list[bytes]) -> bytes:
    """Return the root over nodes of one height (the last may be lower): pair them, an odd one moves up."""
    nodes = hashes or [sha256()]
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        nodes = [sha256(NODE, left, right) for left, right in pairs] + nodes[len(nodes) & ~1 :]
    return nodes[0]


class Tree:
    """A tree that grows by leaves and holds only the unfinished tile of each level."""

    def __init__(self) -> None:
        self.rows: list[list[bytes]] = [[]]

    def add(self, hashes: list[bytes], level: int = 0) -> Iterator[tuple[int, bytes]]:
        """Append hashes that fit into the tile of `level`; yield level and bytes of each tile so finished."""
        self.rows[level] += hashes
        if len(self.rows[level]) == WIDTH:
            row, self.rows[level] = self.rows[level], []
            yield level, b"".join(row)
            if level + 1 == len(self.rows):
                self.rows.append([])
            yield from self.add([root_of(row)], level + 1)

    def root(self, more: list[bytes]) -> bytes:
        """Return the root as if the leaf hashes `more`, at most to the tile's end, were appended."""
        nodes = more
        for row in self.rows:
            nodes = [root_of(row + nodes)] if row or nodes else []
        return root_of(nodes)


def included_root(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """Return the root to which `proof` leads from a leaf hash; raises ValueError. Source: RFC 6962 section 2.1.1."""
    if not 0 <= index < size or (size == 1 and proof):
        raise ValueError("no such entry, or a proof too long")
    if size == 1:
        return leaf
    *below, top = proof
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        return sha256(NODE, included_root(index, split, leaf, below), top)
    return sha256(NODE, top, included_root(index - split, size - split, leaf, below))


def grown_roots(old_size: int, size: int, old_root: bytes | None, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Return the old and the new root that `proof` links; raises ValueError. Source: RFC 6962 section 2.1.2."""
    if not 0 < old_size <= size:
        raise ValueError("nothing grew")
    if old_size == size:
        (shared,) = proof if old_root is None else [old_root, *proof]  # inside the old tree the proof must give it
        return shared, shared
    *below, top = proof
    split = 1 << (size - 1).bit_length() - 1
    if old_size <= split:
        old, new = grown_roots(old_size, split, old_root, below)
        return old, sha256(NODE, new, top)
    old, new = grown_roots(old_size - split, size - split, None, below)
    return sha256(NODE, top, old), sha256(NODE, top, new)


def tile_path(level: str, index: int, width: int) -> str:
    """Return where a tile (level "0" to "63") or bundle (level "entries") lies."""
    digits = str(index).zfill(-(-len(str(index)) // 3) * 3)
    *above, last = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "/".join(["tile", level, *(f"x{part}" for part in above), last])
    return path if width == WIDTH else f"{path}.p/{width}"


def split_bundle(raw: bytes, count: int) -> tuple[list[bytes], int]:
    """Return the first `count` entries and the position after them; raises Broken if there are fewer."""
    entries, at = [], 0
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(raw[at:start])
        if start > len(raw) or at > len(raw):
            raise Broken("damaged", "tile/entries")
        entries.append(raw[start:at])
    return entries, at


def first_of(raw: bytes, level: str, width: int) -> bytes:
    """Return what holds the first `width` hashes of a tile or entries of a bundle."""
    return raw[: split_bundle(raw, width)[1] if level == "entries" else width * HASH_BYTES]


# --- Where the log lies: a folder or a web site, both hostile. --------------------------------------------------------

TILE = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?")
TILE_FOLDER = re.compile(r"tile(?:/(?:entries|[0-9]{1,2})(?:/x[0-9]{3}){0,6}(?:/[0-9]{3}\.p)?)?")


class Folder(NamedTuple):
    """A copied log. Like Site it reads no more than a byte over `limit`, so that a file too long shows as damaged."""

    root: Path

    def read(self, name: str, limit: int) -> bytes | None:  # noqa: D102
        path = self.root.resolve() / name
        try:
            if path.resolve() != path:
                raise Broken("unreadable", name, why="link")
            if path.exists() and not path.is_file():
                raise Broken("unreadable", name, why="no plain file")
            with path.open("rb") as file:
                return file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def files(self, folder: str = "tile") -> Iterator[str]:
        """Yield whatever lies inside the log, without opening it; raises OSError."""
        if not (self.root / folder).is_dir():
            return
        with os.scandir(self.root / folder) as inside:
            for each in inside:
                name = f"{folder}/{each.name}"
                if each.is_dir(follow_symlinks=False) and TILE_FOLDER.fullmatch(name):
                    yield from self.files(name)
                else:
                    yield name


class Site:
    """A served log; http is for this very computer only."""

    def __init__(self, url: str) -> None:
        address = parse.urlsplit(url)
        at_home = address.hostname in {"localhost", "127.0.0.1", "::1"}
        safe = address.hostname and (address.scheme == "https" or (address.scheme == "http" and at_home))
        if not safe or address.query or address.fragment or "@" in address.netloc:
            raise Broken("unreadable", url, why="https only")
        self.prefix = url.rstrip("/") + "/"
        parts = (request.HTTPHandler, request.HTTPSHandler, request.HTTPErrorProcessor, request.HTTPDefaultErrorHandler)
        self.opener = request.OpenerDirector()  # has no handlers of redirects, files and FTP
        for handler in (*(part() for part in parts), request.ProxyHandler({} if at_home else None)):
            self.opener.add_handler(handler)

    def read(self, name: str, limit: int) -> bytes | None:  # noqa: D102
        headers = {"User-Agent": "tocsin-audit", "Accept-Encoding": "gzip, identity"}
        raw, ends = b"", time.monotonic() + 120  # seconds for the whole of it
        try:
            asked = request.Request(self.prefix + name, headers=headers)  # noqa: S310  - scheme checked above
            with self.opener.open(asked, timeout=30) as answer:
                while len(raw) <= limit and time.monotonic() < ends and (chunk := answer.read1(1 << 20)):
                    raw += chunk
                if answer.headers.get("Content-Encoding", "").lower() == "gzip":  # tlog-tiles: also without being asked
                    raw = zlib.decompressobj(31).decompress(raw, limit + 1)
        except error.HTTPError as why:
            if why.code in {404, 410}:
                return None
            raise Broken("unreadable", name, why=f"HTTP {why.code}") from None
        except (OSError, HTTPException, ValueError, zlib.error) as why:
            raise Broken("unreadable", name, why=type(why).__name__) from None
        return raw


def fetch(source: Folder | Site, level: str, index: int, width: int) -> bytes:
    """Return a tile or bundle, cut from the full one where the partial one was deleted; raises Broken."""
    limit = BUNDLE_BYTES if level == "entries" else WIDTH * HASH_BYTES
    raw = source.read(tile_path(level, index, width), limit)
    if raw is None and width < WIDTH and (raw := source.read(tile_path(level, index, WIDTH), limit)):
        raw = first_of(raw, level, width)
    if raw is None:
        raise Broken("unreadable", tile_path(level, index, width), why="missing")
    return raw


# --- What the entries say. --------------------------------------------------------------------------------------------

DAY = 24 * 60  # times are minutes, counted as date.toordinal() counts days
EPOCH = date(1970, 1, 1).toordinal() * DAY


def leaf_pattern(kind: str) -> re.Pattern[bytes]:
    """Return the pattern that a whole entry must match: canonical JSON of these fields and nothing else."""
    values = {name: FORMS.get(form) or f'"(?:{form})"' for name, form in KINDS[kind].items()}
    fields = {name: f"(?P<{name}>{value})" for name, value in values.items()} | {"kind": f'"{kind}"', "v": "1"}
    return re.compile((r"\{" + ",".join(f'"{name}":{fields[name]}' for name in sorted(fields)) + r"\}").encode())


PATTERNS = {kind: leaf_pattern(kind) for kind in KINDS}
KIND = re.compile(f'"kind":"({"|".join(KINDS)})"'.encode())


@lru_cache(maxsize=4_096)
def minutes(said: bytes) -> tuple[int, int]:
    """Return the first and last minute of a day, or a minute twice; raises ValueError if it is not of the calendar."""
    day = date.fromisoformat(said[1:11].decode()).toordinal() * DAY
    at = day + int(said[12:14]) * 60 + int(said[15:17]) if b"T" in said else day
    return at, at if b"T" in said else day + DAY - 1


class Story:
    """The entries read in order: each is of the schema, and together they make sense."""

    def __init__(self, report: Report, head: Head, known: Head, now_s: float, *, asleep: bool) -> None:
        self.report, self.known, self.asleep = report, known.size, asleep
        late, early = (min([now_s, *each.cosigned.values()]) + SKEW_S for each in (head, known))
        self.late, self.early = EPOCH + int(late) // 60, EPOCH + int(min(late, early)) // 60  # others saw it by then
        self.clock = self.key_until = 0
        self.ruleset = b""
        self.notices: set[bytes] = set()
        self.sealed: set[int] = set()  # days with decisions
        self.destroyed: set[int] = set()  # days whose key is gone
        self.kinds: Counter[str] = Counter()

    def read(self, index: int, leaf: bytes) -> None:  # noqa: C901, PLR0912  - a branch for each kind
        """Judge the entry at `index`."""
        if self.asleep:
            return
        named = KIND.search(leaf[:LEAF_BYTES])
        kind = named[1].decode() if named else "?"
        found = PATTERNS[kind].fullmatch(leaf) if named and len(leaf) <= LEAF_BYTES else None
        try:
            said = found.groupdict() if found else {}
            begins, ends = minutes(said.get("minute") or said.get("hour") or said["day"])
        except (ValueError, KeyError):
            self.report.add("schema", f"#{index} {kind}")
            return
        self.kinds[kind] += 1
        if kind == "key-rotated" and said["new"] not in self.report.held:
            self.report.add("rotated", f"#{index}", key=said["new"].decode().strip('"'))
        latest = self.early if index < self.known else self.late
        if kind != "key-destroyed":  # whose day is the key's, not that of the act
            if ends < self.clock - DAY and kind != "clock-jump":
                self.report.add("sense", f"#{index} {kind}")
            if ends < self.key_until:  # what follows the destruction shows that it was too early
                self.report.add("key", f"#{index} {kind}")
            if begins > latest:
                self.report.add("ahead", f"#{index} {kind}")
            else:
                self.clock = begins if kind == "clock-jump" else max(self.clock, begins)
        if kind == "start":
            self.ruleset = said["ruleset"]
        elif kind == "decision":
            self.sealed.add(begins)
            if said["ruleset"] != self.ruleset:
                self.report.add("sense", f"#{index} {kind}")
        elif kind == "notice":
            self.notices.add(said["notice"])
        elif kind == "delivery" and said["notice"] not in self.notices:
            self.report.add("sense", f"#{index} {kind}")
        elif kind == "key-destroyed":
            if begins in self.destroyed or latest < begins + KEY_DAYS * DAY:
                self.report.add("key", f"#{index} {kind}")
            self.destroyed.add(begins)
            self.key_until = max(self.key_until, begins + KEY_DAYS * DAY)

    def end(self) -> None:
        """Judge what only the whole shows."""
        for day in sorted(self.sealed - self.destroyed):
            if day + KEY_OVERDUE_DAYS * DAY < self.clock:
                self.report.add("key", date.fromordinal(day // DAY).isoformat())
        if "schema" not in self.report.lines and not self.asleep:
            self.report.add("content", kinds=", ".join(f"{count} {kind}" for kind, count in self.kinds.items()) or "0")


class Audit:
    """One run: what the auditor gave, what is found."""

    def __init__(self, options: argparse.Namespace, report: Report, now_s: float) -> None:
        self.options, self.report, self.now_s = options, report, now_s
        self.trust = Trust()
        if options.policy:
            self.trust.read_policy(read_given(options.policy))
        if not all(vkey in self.trust.logs or self.trust.add_log(vkey) for vkey in options.key) or not self.trust.logs:
            raise Broken("no-key")
        report.held = {f'"{sha256(key.public).hex()}"'.encode() for key in self.trust.logs.values()}

    def open(self, raw: bytes) -> tuple[Head, Head | None, Path]:
        """Return the checkpoint, the kept one of its log if there is one, and where that is kept; raises Broken."""
        head, known = self.trust.open(raw), None
        self.report.add("signed", origin=shown(head.origin), size=head.size, root=head.root[:16])
        home = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".local" / "state"
        name = re.sub("[^A-Za-z0-9.-]", "_", head.origin)[:80] + "-" + sha256(head.origin.encode()).hex()[:8]
        state = self.options.state or Path(home, "tocsin-audit", name)
        if state.exists():
            with contextlib.suppress(Broken, OSError):
                known = self.trust.open(read_given(state))
            if not known or known.origin != head.origin:
                raise Broken("kept-unfit", str(state))
            if known.size == head.size and known.root != head.root:
                self.contradict("rewritten", known, head, state)
        self.check_witnesses(head)
        return head, known, state

    def check_witnesses(self, head: Head) -> None:
        """Report who vouches for the checkpoint, and whether the oldest of their signatures is too old."""
        times = [(shown(name), datetime.fromtimestamp(min(at, 1 << 37), UTC)) for name, at in head.cosigned.items()]
        said = ", ".join(f"{name} {at:%Y-%m-%dT%H:%MZ}" for name, at in times)
        for name in (name for name, at in head.cosigned.items() if at > self.now_s + SKEW_S):
            self.report.add("ahead", name)
        if self.trust.quorum is None:
            self.report.add("no-policy")
            return
        code = "witnessed" if self.trust.is_met(head.cosigned) else "quorum-missed"
        self.report.add(code, quorum=shown(self.trust.quorum), witnesses=said or "–")
        hours = (self.now_s - min(head.cosigned.values(), default=0)) / 3_600
        if self.options.max_age is not None and hours > self.options.max_age:
            self.report.add("stale", hours=int(hours), allowed=self.options.max_age)

    def contradict(self, code: str, known: Head, head: Head, state: Path) -> None:
        """Report two signed heads that cannot both be true, and keep the new one beside the old one."""
        copy = state.with_name(f"{state.name}.conflict-{sha256(head.raw).hex()[:16]}")
        path = str(copy) if write_whole(copy, head.raw) else "–"
        self.report.add(code)
        old, new = known.root[:16], head.root[:16]
        self.report.add("evidence", old=known.size, old_root=old, size=head.size, root=new, path=path)
        self.report.notes += [known.raw.decode(), head.raw.decode()]

    def keep(self, head: Head, state: Path) -> None:
        """Keep the checkpoint for the next run unless it cannot be relied upon."""
        if self.report.verdict != "broken":
            self.report.add("kept" if write_whole(state, head.raw) else "not-kept", path=str(state))

    def check_log(self, source: Folder | Site) -> None:
        """Take steps 1 to 6 on a whole log."""
        raw = source.read("checkpoint", NOTE_BYTES)
        if raw is None:
            raise Broken("unreadable", "checkpoint", why="missing")
        head, known, state = self.open(raw)
        if known and known.size > head.size:
            self.contradict("rollback", known, head, state)
        if head.extra and not self.options.tree:
            self.report.add("schema", "checkpoint")
        story = Story(self.report, head, known or head, self.now_s, asleep=self.options.tree)
        if isinstance(source, Folder):
            self.check_strays(source, head)
        old_root = self.check_tree(source, head, known.size if known else 0, story)
        story.end()
        if known and old_root and self.report.verdict != "broken":
            if old_root == bytes.fromhex(known.root):
                self.report.add("extends", old=known.size)
            else:
                self.contradict("rewritten", known, head, state)
        if known is None or known.size < head.size:
            self.keep(head, state)

    def check_tree(self, source: Folder | Site, head: Head, old_size: int, story: Story) -> bytes | None:
        """Recompute every file from the entries; return the root at `old_size`, None if the log is not sound."""
        tree, old_root = Tree(), sha256()
        for start in range(0, head.size, WIDTH):
            index, width = start // WIDTH, min(WIDTH, head.size - start)
            bundle = fetch(source, "entries", index, width)
            entries, end = split_bundle(bundle, width)
            if end != len(bundle):
                self.report.add("damaged", tile_path("entries", index, width))
            hashes = [sha256(LEAF, entry) for entry in entries]
            if start < old_size <= start + width:
                old_root = tree.root(hashes[: old_size - start])
            tiles = list(tree.add(hashes))
            if start + WIDTH >= head.size:
                tiles += [(level, b"".join(row)) for level, row in enumerate(tree.rows) if row]
            for level, tile in tiles:
                at = (start + width - 1) >> 8 * (level + 1), len(tile) // HASH_BYTES
                if fetch(source, str(level), *at) != tile:
                    self.report.add("damaged", tile_path(str(level), *at))
            for number, entry in enumerate(entries, start):
                story.read(number, entry)
        if tree.root([]) != bytes.fromhex(head.root):
            self.report.add("root")
        if {"root", "damaged"} & self.report.lines.keys():
            return None
        self.report.add("tree", size=head.size)
        return old_root

    def check_strays(self, folder: Folder, head: Head) -> None:
        """Report what lies in the log and has no place there, and older partial files that are not as they were."""
        for name in folder.files():
            found = TILE.fullmatch(name)
            level, index = (found[1], int(re.sub("[x/]", "", found[2]))) if found else ("0", 0)
            width = int(found[3] or WIDTH) if found else 0
            depth = 0 if level == "entries" else 8 * int(level)
            have = min(WIDTH, (head.size >> depth) - WIDTH * index)  # so many hashes it has, or there is none
            if tile_path(level, index, width) != name or not 0 < width <= have:
                self.report.add("stray", name)
            elif width < have:
                whole = fetch(folder, level, index, have)
                if folder.read(name, BUNDLE_BYTES) != first_of(whole, level, width):
                    self.report.add("damaged", name)

    def check_proof(self, text: str) -> None:
        """Check a tlog-proof of an entry, or (it begins with "old N") that the log grew since the kept checkpoint."""
        top, _, note = text.partition("\n\n")
        head, known, state = self.open(note.encode())
        root, (kind, *lines) = bytes.fromhex(head.root), top.split("\n")
        try:
            if kind.startswith("old "):
                if known is None or kind != f"old {known.size}":
                    raise Broken("kept-unfit", str(state))
                proof = [unbase64(line, HASH_BYTES) for line in lines]
                roots, what = (bytes.fromhex(known.root), root), f"{known.size} -> {head.size}"
                holds = grown_roots(known.size, head.size, roots[0], proof) == roots
            else:
                if lines[0].startswith("extra "):
                    unbase64(lines.pop(0).removeprefix("extra "))
                index, proof = int(lines[0][6:]), [unbase64(line, HASH_BYTES) for line in lines[1:]]
                leaf = sha256(LEAF, read_given(self.options.entry)) if self.options.entry else b""
                holds, what = included_root(index, head.size, leaf, proof) == root, f"#{index}"
                holds &= kind == "c2sp.org/tlog-proof@v1" and lines[0] == f"index {index}"
        except (ValueError, IndexError):
            holds, what = False, ""
        if not holds:
            raise Broken("unproven")
        self.report.add("proven", size=head.size, what=what)
        if kind.startswith("old "):
            self.keep(head, state)


def read_given(path: Path) -> bytes:
    """Return a file that the auditor names, or its beginning if it is too long to be right; raises OSError."""
    with path.open("rb") as file:
        return file.read(NOTE_BYTES)


def write_whole(path: Path, raw: bytes) -> bool:
    """Write a file so that it is there wholly or not at all; return whether that worked."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.with_name(f"{path.name}.{os.getpid()}").open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the audit that the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="tocsin-audit", description="An outsider's check of a transparency log.")
    parser.add_argument("source", nargs="?", metavar="DIR or URL")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="the log's key, NAME+ID+KEY")
    parser.add_argument("--policy", type=Path, metavar="FILE", help="log, witnesses and quorum (c2sp.org/tlog-policy)")
    parser.add_argument("--state", type=Path, metavar="FILE", help="where your last good checkpoint is kept")
    parser.add_argument("--tree", action="store_true", help="any C2SP log: do not look at what the entries say")
    parser.add_argument("--max-age", type=float, metavar="HOURS", help="a quorum older than this is a finding")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="check one tlog-proof")
    parser.add_argument("--entry", type=Path, metavar="FILE", help="the entry that --proof is about")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--lang", choices=LANGUAGES, default="en")
    options, report = parser.parse_args(arguments), Report()
    if not options.source and not options.proof:
        parser.error("give a folder, an address or --proof")
    try:
        audit = Audit(options, report, time.time())
        if options.proof:
            audit.check_proof(read_given(options.proof).decode("utf-8", "replace"))
        if options.source:
            audit.check_log(Site(options.source) if "://" in options.source else Folder(Path(options.source)))
    except Broken as why:
        report.add(why.code, why.at, **why.values)
    except (OSError, ValueError, RuntimeError, KeyboardInterrupt) as why:
        report.add("unreadable", str(getattr(why, "filename", None) or ""), why=type(why).__name__)
    print(report.json(options.lang) if options.json else report.text(options.lang))
    return EXIT[report.verdict]


if __name__ == "__main__":
    sys.exit(main())
