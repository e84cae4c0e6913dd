"""tocsin-audit: an outsider's check of Tocsin's transparency log, or with --tree of any C2SP tiled log.

One file for Python >= 3.11 with `cryptography`, and no line shared with Tocsin: who audits must not run the audited
program. Read it, copy it, run it where Tocsin does not run. You bring what the operator must not choose for you: the
log's key (--key, from paper) or a policy naming the log, its witnesses and a quorum (--policy), and the checkpoint of
your last visit, which this program keeps for you.

1 signature and origin of the checkpoint; 2 entries -> leaf hashes -> every tile byte -> root; 3 it extends the kept
checkpoint; 4 quorum of witnesses, and its age; 5 each entry is of the closed schema below and holds no other string;
6 the entries make sense together; 7 what the operator opens for you (--opening) is in the log and is what your own run
of the gate says (--decisions). --tree leaves out 5 to 7. Exit: 0 ok, 1 finding, 2 broken, 3 unwitnessed.
It cannot show that no other program watched, that the rules are wise, or that every act was logged.
Sources: RFC 6962; c2sp.org: signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-policy, tlog-proof.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib import error, parse, request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# --- The closed schema: what an entry may say. A kind is one line; "kind" and "v":1 belong to each. -------------------

SCHEMA = """
start minute release ruleset catalogue
declaration minute hash
source minute act=added|removed source url origin=catalogue|extension \
 issuer_class=official_hazard|official_civil|official_traffic|official_transit|official_events|unregistered
batch minute source ruleset seen kept items_root
sum hour batches seen kept notices items_root
event day act=new|rewritten commitment
notice minute notice level about channel_class=email|webhook|other places commitment \
 reason=first|worse|sooner|longer|instruction|eased|ended|blind|seeing-again|reminder
delivery minute notice state=sent|failed|given-up attempts
purge day events notices
key-destroyed day
key-rotated minute old new
clock-jump minute direction=ahead|back seconds
announce day subject=ruleset|catalogue|declaration hash effective
drill minute canaries found
breach minute clause=N1|N2|N3|N4|N5|N6|N7|N8|N9|N10|N11|N12 act=found|repaired
""".strip().split("\n")
KINDS = {kind: dict(field.partition("=")[::2] for field in fields) for kind, *fields in map(str.split, SCHEMA)}
DATE = "20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
FORMS = {  # how the value of a field stands in the entry's own bytes; after "=" above it is a choice of words
    "day effective": f'"{DATE}"',
    "minute hour": f'"{DATE}T(?:[01][0-9]|2[0-3]):[0-5][0-9]Z"',
    "ruleset catalogue source url commitment items_root notice hash old new": '"[0-9a-f]{64}"',
    "level about places attempts batches seen kept events notices seconds canaries found": "(?:0|[1-9][0-9]{0,14})",
    "release": r'"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}(?:(?:a|b|rc)[0-9]{1,3})?(?:\.post[0-9]{1,3})?(?:\.dev[0-9]{1,4})?"',
}
LEAF_BYTES = 1_024
TOTALS = ("batches", "seen", "kept", "notices")
KEY_DAYS, KEY_OVERDUE_DAYS = 29, 32  # a day's key lives for 30 days, not destroyed before the one nor after the other
SKEW_S, AGED_H = 15 * 60, 48  # between honest clocks; a log that lives is seen by its witnesses each hour
SUMMED, UNSUMMED_MINUTES = {"batch", "notice", "delivery", "sum"}, 120  # none so late after the last sum, or a start

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
ok | opened | {count} decisions were opened, and the log holds each; of the {own} in your run of the gate {missed} are not among them. | {count} Entscheide wurden geöffnet, und das Protokoll enthält jeden; von den {own} Ihrer Prüfung fehlen darunter {missed}. | {count} décisions ont été ouvertes, et le journal contient chacune ; des {own} de votre propre contrôle, {missed} n'y figurent pas.
unwitnessed | no-policy | You gave no policy (--policy), so no witness was looked for: only the operator vouches for this. | Sie haben keine Richtlinie angegeben (--policy), daher wurde kein Zeuge gesucht: Nur der Betreiber bürgt dafür. | Sans politique (--policy), aucun témoin n'a été recherché : seul l'exploitant s'en porte garant.
unwitnessed | quorum-missed | Too few witnesses for your policy (quorum {quorum}): {witnesses}. | Zu wenige Zeugen für Ihre Richtlinie (Quorum {quorum}): {witnesses}. | Trop peu de témoins pour votre politique (quorum {quorum}) : {witnesses}.
note | aged | Witnesses saw this {hours} hours ago. If it is no old copy, ask for a newer one: who cut the log back can show what they saw once. | Zeugen haben dies vor {hours} Stunden gesehen. Ist es keine alte Kopie, verlangen Sie eine neuere: Wer das Protokoll kürzt, kann zeigen, was sie einst sahen. | Des témoins ont vu ceci il y a {hours} heures. Si ce n'est pas une copie ancienne, demandez-en une récente : qui raccourcit le journal peut montrer ce qu'ils virent jadis.
finding | stale | Witnesses saw this log {hours} hours ago; you allow {allowed:g}. | Zeugen haben dieses Protokoll vor {hours} Stunden gesehen; Sie erlauben {allowed:g}. | Des témoins ont vu ce journal il y a {hours} heures ; vous en admettez {allowed:g}.
finding | stray | Inside the log lie files, folders or links that its checkpoint does not cover: nobody has signed them. | Im Protokoll liegen Dateien, Ordner oder Verknüpfungen, die der Prüfpunkt nicht umfasst: Niemand hat sie signiert. | Le journal contient des fichiers, dossiers ou liens hors du point de contrôle : personne ne les a signés.
finding | schema | The closed schema does not allow what is said here. | Das geschlossene Schema erlaubt nicht, was hier gesagt wird. | Le schéma fermé n'admet pas ce qui est dit ici.
finding | sense | Entries contradict entries before them. | Einträge widersprechen früheren Einträgen. | Des entrées contredisent des entrées antérieures.
finding | unlike | Your own run of the gate decides otherwise on an item than the log says, or does not know it. | Ihre eigene Prüfung entscheidet über ein Element anders, als das Protokoll sagt, oder kennt es nicht. | Votre propre contrôle juge un élément autrement que le journal, ou ne le connaît pas.
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
broken | unproven | A proof does not hold, or what was opened is not in the log. | Ein Nachweis stimmt nicht, oder das Geöffnete steht nicht im Protokoll. | Une preuve ne tient pas, ou ce qui a été ouvert n'est pas dans le journal.
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


def canonical(body: dict[str, Any]) -> bytes:
    """Return the one way to write a flat JSON object."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


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
            witnessed |= {name} if sum(member in witnessed for member in members) >= threshold else set()
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


def included_root(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """Return the root to which `proof` leads from a leaf hash; raises ValueError. Source: RFC 6962 section 2.1.1."""
    if not 0 <= index < size or (size == 1 and proof):
        raise ValueError("no such entry, or a proof too long")
    if size == 1:
        return leaf
    (*below, top), split = proof, 1 << (size - 1).bit_length() - 1
    if index < split:
        return sha256(NODE, included_root(index, split, leaf, below), top)
    return sha256(NODE, top, included_root(index - split, size - split, leaf, below))


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
    """A copied log. Like Site it reads little more than `limit`, so that a file too long shows as damaged."""

    root: Path

    def read(self, name: str, limit: int) -> bytes | None:  # noqa: D102
        path = self.root.resolve() / name
        try:
            if path.resolve() != path or (path.exists() and not path.is_file()):
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
        try:
            headers = {"User-Agent": "tocsin-audit", "Accept-Encoding": "gzip, identity"}
            asked = request.Request(self.prefix + name, headers=headers)  # noqa: S310  - scheme checked above
            with self.opener.open(asked, timeout=30) as answer:
                raw: bytes = answer.read(2 * limit)  # what cannot be packed grows by being packed
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
    forms = {name: form for names, form in FORMS.items() for name in names.split()}
    values = {name: f'"(?:{words})"' if words else forms[name] for name, words in KINDS[kind].items()}
    fields = {name: f"(?P<{name}>{value})" for name, value in values.items()} | {"kind": f'"{kind}"', "v": "1"}
    return re.compile((r"\{" + ",".join(f'"{name}":{fields[name]}' for name in sorted(fields)) + r"\}").encode())


PATTERNS = {kind: leaf_pattern(kind) for kind in KINDS}
KIND = re.compile(f'"kind":"({"|".join(KINDS)})"'.encode())


def minutes(said: bytes) -> tuple[int, int]:
    """Return the first and last minute of a day, or a minute twice; raises ValueError if it is not of the calendar."""
    day = date.fromisoformat(said[1:11].decode()).toordinal() * DAY
    at = day + int(said[12:14]) * 60 + int(said[15:17]) if b"T" in said else day
    return at, at if b"T" in said else day + DAY - 1


class Story:
    """The entries read in order: each is of the schema, and together they make sense."""

    def __init__(self, report: Report, head: Head, known: Head, now_s: float, roots: dict[int, bytes]) -> None:
        self.report, self.known = report, known.size
        late, early = (min([now_s, *each.cosigned.values()]) + SKEW_S for each in (head, known))
        self.late, self.early = EPOCH + int(late) // 60, EPOCH + int(min(late, early)) // 60  # others saw it by then
        self.roots = roots  # of side trees, for the entries that are asked for
        self.clock = self.key_until = 0
        self.ruleset, self.sources, self.notices = b"", set[bytes](), set[bytes]()  # in force, read now, sent so far
        self.about, self.due = bytearray(), 0  # E an event, S a source added; events that the last batch still owes
        self.summed, self.totals, self.kinds = 0, Counter[str](), Counter[str]()  # until when sums go; what came since
        self.sealed, self.destroyed = set[int](), set[int]()  # days with commitments, and those whose key is gone

    def read(self, index: int, leaf: bytes) -> None:
        """Judge the form and the time of the entry at `index`."""
        self.about.append(0)
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
        elif begins in self.destroyed or latest < begins + KEY_DAYS * DAY:
            self.report.add("key", f"#{index} {kind}")
        if not self.follows(index, kind, said, begins):
            self.report.add("sense", f"#{index} {kind}")

    def follows(self, index: int, kind: str, said: dict[str, bytes], at: int) -> bool:
        """Take in what the entry says; return whether it can follow what was said before."""
        due, self.due = self.due, max(0, self.due - 1) if kind == "event" else 0
        follows = due > 0 if kind == "event" else due == 0
        follows &= kind not in SUMMED or at <= self.summed + UNSUMMED_MINUTES
        if kind == "start":
            self.ruleset, self.summed = said["ruleset"], max(self.summed, at)
        elif kind == "source":
            follows &= (said["source"] in self.sources) == (said["act"] == b'"removed"')
            self.sources ^= {said["source"]}
            self.about[index] = ord("S") if said["act"] == b'"added"' else 0
        elif kind == "batch":
            follows &= said["source"] in self.sources and said["ruleset"] == self.ruleset
            self.due = int(said["kept"])
            self.totals.update(batches=1, seen=int(said["seen"]), kept=self.due)
        elif kind == "event":
            self.about[index] = ord("E")
            self.sealed.add(at)
        elif kind == "notice":
            wanted = b"S" if said["reason"] in {b'"blind"', b'"seeing-again"'} else b"E"
            about = int(said["about"])
            follows &= self.about[about : about + 1] == wanted
            self.notices.add(said["notice"])
            self.totals["notices"] += 1
        elif kind == "sum":
            follows &= self.totals == Counter({name: int(said[name]) for name in TOTALS})
            self.summed, self.totals = at + 60, Counter()
        elif kind == "delivery":
            follows &= said["notice"] in self.notices
        elif kind == "key-destroyed":
            self.destroyed.add(at)
            self.key_until = max(self.key_until, at + KEY_DAYS * DAY)
        if index in self.roots:
            self.roots[index] = said.get("items_root", b"")
        return follows

    def end(self) -> None:
        """Judge what only the whole shows."""
        for day in sorted(self.sealed - self.destroyed):
            if day + KEY_OVERDUE_DAYS * DAY < self.clock:
                self.report.add("key", date.fromordinal(day // DAY).isoformat())
        if "schema" not in self.report.lines:
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
        ages = {name: (self.now_s - at) / 3_600 for name, at in head.cosigned.items()}
        for name in (name for name, hours in ages.items() if hours < -SKEW_S / 3_600):
            self.report.add("ahead", name)
        if self.trust.quorum is None:
            self.report.add("no-policy")
            return
        code = "witnessed" if self.trust.is_met(head.cosigned) else "quorum-missed"
        self.report.add(code, quorum=shown(self.trust.quorum), witnesses=said or "–")
        allowed, aged = (AGED_H, "aged") if self.options.max_age is None else (self.options.max_age, "stale")
        if code == "witnessed" and not self.trust.is_met(name for name, hours in ages.items() if hours <= allowed):
            self.report.add(aged, hours=int(max(ages.values())), allowed=allowed)

    def contradict(self, code: str, known: Head, head: Head, state: Path) -> None:
        """Report two signed heads that cannot both be true, and keep the new one beside the old one."""
        copy = state.with_name(f"{state.name}.conflict-{sha256(head.raw).hex()[:16]}")
        path = str(copy) if write_whole(copy, head.raw) else "–"
        self.report.add(code)
        roots = {"old_root": known.root[:16], "root": head.root[:16]}
        self.report.add("evidence", old=known.size, size=head.size, path=path, **roots)
        self.report.notes += [known.raw.decode(), head.raw.decode()]

    def check_log(self, source: Folder | Site) -> None:
        """Take all steps on a whole log."""
        raw = source.read("checkpoint", NOTE_BYTES)
        if raw is None:
            raise Broken("unreadable", "checkpoint", why="missing")
        head, known, state = self.open(raw)
        if known and known.size > head.size:
            self.contradict("rollback", known, head, state)
        if head.extra and not self.options.tree:
            self.report.add("schema", "checkpoint")
        openings = read_lines(self.options.opening) if self.options.opening else []
        roots = {each.get("entry", -1): b"" for each in openings}
        story = None if self.options.tree else Story(self.report, head, known or head, self.now_s, roots)
        if isinstance(source, Folder):
            self.check_strays(source, head)
        old_root = self.check_tree(source, head, known.size if known else 0, story)
        if story:
            story.end()
        if old_root:
            self.check_openings(openings, roots)
        if known and old_root and self.report.verdict != "broken":
            if old_root == bytes.fromhex(known.root):
                self.report.add("extends", old=known.size)
            else:
                self.contradict("rewritten", known, head, state)
        if (known is None or known.size < head.size) and self.report.verdict != "broken":
            self.report.add("kept" if write_whole(state, head.raw) else "not-kept", path=str(state))

    def check_openings(self, openings: list[dict[str, Any]], roots: dict[int, bytes]) -> None:
        """Check what opens the items of documents: that the log holds it, and that your own run of the gate agrees."""
        own = {row.get("digest"): row for row in read_lines(self.options.decisions)} if self.options.decisions else {}
        for each in openings:
            at = f"#{each.get('entry')}"
            try:
                decided = {name: each[name] for name in ("digest", "rule", "ruleset", "verdict")}
                key, *path = [unbase64(step, HASH_BYTES) for step in (each["key"], *each["path"])]
                said = hmac.digest(key, canonical(decided), "sha256").hex()
                leaf = canonical({"commitment": said, "day": each["day"], "ruleset": each["ruleset"], "v": 1})
                root = included_root(each["index"], each["size"], sha256(LEAF, leaf), path).hex()
                holds = roots[each["entry"]] == f'"{root}"'.encode()
            except (ValueError, KeyError, TypeError):
                holds = False
            if not holds:
                self.report.add("unproven", at)
            elif own and any(own.get(decided["digest"], {}).get(name) != value for name, value in decided.items()):
                self.report.add("unlike", at)
        if openings and not {"unproven", "unlike"} & self.report.lines.keys():
            missed = len(own.keys() - {each["digest"] for each in openings})
            self.report.add("opened", count=len(openings), own=len(own), missed=missed)

    def check_tree(self, source: Folder | Site, head: Head, old_size: int, story: Story | None) -> bytes | None:
        """Recompute every file from the entries; return the root at `old_size`, None if the log is not sound."""
        row: list[bytes] = []
        for start in range(0, head.size, WIDTH):
            index, width = start // WIDTH, min(WIDTH, head.size - start)
            bundle = fetch(source, "entries", index, width)
            entries, end = split_bundle(bundle, width)
            if end != len(bundle):
                self.report.add("damaged", tile_path("entries", index, width))
            for number, entry in enumerate(entries, start):
                row.append(sha256(LEAF, entry))
                if story:
                    story.read(number, entry)
        root, old_root = root_of(row), root_of(row[:old_size])
        for level in range(64):
            parts = [row[start : start + WIDTH] for start in range(0, len(row), WIDTH)]
            for index, part in enumerate(parts):
                if fetch(source, str(level), index, len(part)) != b"".join(part):
                    self.report.add("damaged", tile_path(str(level), index, len(part)))
            row = [root_of(part) for part in parts if len(part) == WIDTH]
        if root.hex() != head.root:
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
            elif folder.read(name, BUNDLE_BYTES) != first_of(fetch(folder, level, index, have), level, width):
                self.report.add("damaged", name)

    def check_proof(self, text: str) -> None:
        """Check a tlog-proof of one entry."""
        top, _, note = text.partition("\n\n")
        head = self.open(note.encode())[0]
        holds, (kind, *lines) = False, top.split("\n")
        with contextlib.suppress(ValueError, IndexError):
            if lines[0].startswith("extra "):
                unbase64(lines.pop(0).removeprefix("extra "))
            index, proof = int(lines[0][6:]), [unbase64(line, HASH_BYTES) for line in lines[1:]]
            leaf = sha256(LEAF, read_given(self.options.entry)) if self.options.entry else b""
            root = included_root(index, head.size, leaf, proof).hex()
            holds = root == head.root and kind == "c2sp.org/tlog-proof@v1" and lines[0] == f"index {index}"
        if not holds:
            raise Broken("unproven")
        self.report.add("proven", size=head.size, what=lines[0])


def read_given(path: Path) -> bytes:
    """Return a file that the auditor names, or its beginning if it is too long to be right; raises OSError."""
    with path.open("rb") as file:
        return file.read(NOTE_BYTES)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the JSON objects of a file that has one a line; raises OSError, ValueError."""
    return [dict(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


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
    parser.add_argument("--opening", type=Path, metavar="FILE", help="check these openings (tocsin ledger open)")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="what the gate said to you (tocsin gate)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--lang", choices=LANGUAGES, default="en")
    options, report = parser.parse_args(arguments), Report()
    if not options.source and not options.proof:
        parser.error("give a folder, an address or --proof")
    try:
        audit = Audit(options, report, datetime.now(UTC).timestamp())
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
