"""The record of processing (Art. 30 GDPR) and the impact assessment (Art. 35 GDPR), pre-filled from what is configured.

What the program knows is filled in from its own constants and the configuration. What only the controller can know is
a marked blank. Addresses, secrets and names of places are left out.

Source: Regulation (EU) 2016/679, Articles 30(1), 35(7), 35(9), 36.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin import __version__, gate
from tocsin.config import Config
from tocsin.declaration import DECLARATION
from tocsin.hazards import HAZARDS
from tocsin.ledger.policy import Policy
from tocsin.model import Source
from tocsin.neutrality.findings import Finding
from tocsin.neutrality.paper import Blank, Block, Heading, Paragraph, Table
from tocsin.run.publish import Log
from tocsin.store.retention import FAULTS_KEPT, KEPT, KEPT_EFFECT_ONLY, KEYS_KEPT
from tocsin.web.guard import LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an installation. `findings` are those of `tocsin neutrality check`, none where it has no data
    yet; `places` is how many there are, `counted` how many of them have a head-count.
    """

    config: Config
    sources: Sequence[Source]
    places: int
    counted: int
    log: Log | None
    policy: Policy | None
    findings: Sequence[Finding]
    now: datetime


def blocks(facts: Facts) -> tuple[Block, ...]:
    """Return the document, in the order in which a supervisory authority reads it."""
    return (*_opening(facts), *_record(facts), *_assessment(facts))


def _opening(facts: Facts) -> Iterator[Block]:
    yield Heading(1, "Data-protection impact assessment and record of processing")
    yield Paragraph(
        f"Pre-filled by Tocsin {__version__} on {facts.now:%Y-%m-%d} from the configuration of this installation. This "
        "is no legal advice and no finished assessment. What is marked ▢ only the controller can know, and nothing was "
        "invented for it. Have it completed and checked by whoever is responsible, with the data-protection officer."
    )


# --- Art. 30 ------------------------------------------------------------------------------------------------------


def _record(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "A. Record of processing activities (Art. 30(1))")
    yield Blank("(a) Controller, joint controllers, representative: name and contact")
    yield Blank("(a) Data-protection officer: name and contact")
    yield Heading(3, "(b) Purposes")
    yield Paragraph(DECLARATION.clauses[0].text)
    yield Heading(3, "(c) Categories of data subjects and of personal data")
    yield Paragraph(
        "None is intended. Stored are official warnings of listed types, the places that the controller typed in, what "
        "they mean for these places, what was told, and how the sources are. No column holds a person."
    )
    yield Table(("what is kept", "personal data in it", "for how long"), tuple(_kept(facts)))
    yield Blank(
        "Further personal data that the controller puts in itself (names of places that are names of people, ...)"
    )
    yield Heading(3, "(d) Recipients")
    yield Table(("class of channel", "how many", "told from the level"), tuple(_channels(facts.config)))
    yield Paragraph("Whoever reads the console. It records nobody: no login of its own, no cookie, no access log.")
    yield Blank("Who stands behind each channel, and where (addresses are left out here)")
    yield Heading(3, "(e) Transfers to third countries")
    yield Paragraph(
        "To each source goes a request with the address of this machine and, in the User-Agent, the contact that the "
        f"controller configured. {_abroad(facts.sources)}"
    )
    yield Blank("Channels whose receiver is in a third country, and the safeguards of Art. 46")
    yield Heading(3, "(f) Time limits for erasure")
    yield Paragraph("As in the table under (c). They are constants of the program; no setting lengthens them.")
    yield Heading(3, "(g) Technical and organisational measures (Art. 32(1))")
    yield Table(("measure", "here"), tuple(_measures(facts)))
    yield Blank("Access to the machine, backups and their erasure, proxy and its logs, roles and who holds them")


def _kept(facts: Facts) -> Iterator[tuple[str, str, str]]:
    counted = f"; {facts.counted} of them with a head-count, which is a number" if facts.counted else ""
    yield "warnings, with the words that the gate left in them", "none intended; see B, N3", _until(KEPT, "they ended")
    yield "closures without a cause", "none: no words, link or sender", _until(KEPT_EFFECT_ONLY, "they ended")
    yield (
        f"places ({facts.places}) as typed in{counted}",
        "as the controller typed",
        "until the controller deletes them",
    )
    yield (
        "notices: what was told of which place, when",
        "none; receivers are not in them",
        "until the controller deletes them",
    )
    yield "state of each source; faults in its documents", "none", f"the latest; faults {FAULTS_KEPT.days} days"
    yield (
        "decisions of the gate, as commitments",
        "none that can be read",
        f"their keys {KEYS_KEPT.days} days; then noise",
    )
    yield "the log: numbers, days, hashes", "none: a closed schema of entries", "for ever (append-only)"


def _until(period: timedelta, event: str) -> str:
    hours = period // timedelta(hours=1)
    return f"{period.days} days after {event}" if period.days > 1 else f"{hours} hours after {event}"


def _channels(config: Config) -> Iterator[tuple[str, str, str]]:
    counted = Counter((channel.kind, channel.at_least.words.lower()) for channel in config.channels)
    yield from ((kind, str(count), level) for (kind, level), count in sorted(counted.items()))
    if not counted:
        yield "none is configured", "0", ""


def _abroad(sources: Sequence[Source]) -> str:
    countries = sorted({code.partition("-")[0] for source in sources for code in source.jurisdiction} - {"001"})
    spoken = ", ".join(countries) or "no single country"
    return f"The {len(sources)} configured sources speak for: {spoken} (ISO 3166-1). No other data goes to them."


def _measures(facts: Facts) -> Iterator[tuple[str, str]]:
    config = facts.config
    is_local = config.host in {*LOOPBACK, "::1"}
    yield (
        "address of the console",
        "this machine only" if is_local else f"{config.host}: a proxy with TLS and login is needed",
    )
    yield "database", "one file, mode 0600; deleted rows are overwritten (secure_delete)"
    yield (
        "requests",
        "addresses vetted, https only, no redirects off the source's hosts, nothing kept of a body before the gate",
    )
    yield "rules of the gate", f"engine {gate.ENGINE}, SHA-256 {gate.RULESET}"
    yield "closed list", f"{len(HAZARDS)} types of event"
    yield "declaration of neutrality", f"version {DECLARATION.version}, SHA-256 {DECLARATION.sha256}"
    yield "transparency log", facts.log.signer.verifier.vkey if facts.log else "its key is made at the first start"
    yield "witnesses of the log", ", ".join(sorted(facts.policy.witnesses)) if facts.policy else "none is named"


# --- Art. 35 ------------------------------------------------------------------------------------------------------


def _assessment(facts: Facts) -> Iterator[Block]:
    yield Heading(2, "B. Impact assessment (Art. 35(7))")
    yield Heading(3, "(a) Systematic description of the processing")
    yield Paragraph(
        "Public feeds of authorities and public operators are fetched, read in memory, judged by the gate, and what it "
        "admits is stored; what it means at each place is worked out by written rules, and told to the channels once "
        "for each meaningful change. Nothing learns, profiles or scores. No automated decision is taken on a person."
    )
    yield Table(
        ("source", "publisher", "class of issuer", "format", "asked every", "licence"),
        tuple(
            (
                source.id,
                source.publisher,
                source.issuer_class.value,
                source.format,
                f"{source.interval // timedelta(seconds=1)} s",
                source.licence,
            )
            for source in facts.sources
        ),
    )
    yield Heading(3, "(b) Necessity and proportionality")
    yield Blank("Lawful basis (Art. 6(1)) and, where warnings are a duty, the law that says so")
    yield Blank("Why a less intrusive means would not do; which of the sources are needed for which place")
    yield Paragraph(
        "Data minimisation (Art. 5(1)(c)): only listed fields of listed types are read; persons and the topics of N4 "
        "are cut out or the item is dropped, before anything is written. Storage limitation (Art. 5(1)(e)): table A(c)."
    )
    yield Heading(3, "(c), (d) Risks to rights and freedoms, and the measures against them")
    yield Table(("clause", "measure", "what no check can show: the remaining risk"), tuple(_risks()))
    yield Blank("Likelihood and severity of each remaining risk, as the controller sees them")
    yield Heading(3, "Whether the measures hold: the checks of this day")
    yield from _checked(facts.findings)
    yield Heading(3, "Views of the persons concerned or their representatives (Art. 35(9))")
    yield Blank("Works council, staff association or others: when they were asked, what they said, what followed")
    yield Heading(3, "Advice of the data-protection officer (Art. 35(2)), prior consultation (Art. 36)")
    yield Blank("Advice, and why it was or was not followed")
    yield Blank("Is a high risk left, so that the supervisory authority must be asked first?")
    yield Blank("Next review, at the latest with the next change of rules; place, date, signature")


def _risks() -> Iterator[tuple[str, str, str]]:
    for clause in DECLARATION.clauses:
        yield f"{clause.id} {clause.title}", clause.text, clause.limit


def _checked(findings: Sequence[Finding]) -> Iterator[Block]:
    if not findings:
        yield Paragraph("There is no data yet. Run `tocsin neutrality check` after the first day, and this once more.")
        return
    says = {check.id: check.says for check in DECLARATION.checks}
    rows = [(one.check, one.outcome.value, one.why or says[one.check]) for one in findings]
    yield Table(("check", "outcome", "of what"), rows)
