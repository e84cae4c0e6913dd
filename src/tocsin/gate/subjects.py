"""What a sentence speaks of: a person, or labour, protest, politics, religion or journalism.

Matching is done on words without case, accents and invisible characters; letters that imitate Latin ones, and digits
in the place of letters, are read both ways. Names are found by what stands beside them, never by a list of names.

Source: NEUTRALITY sections 1 and 2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tocsin.gate import rules
from tocsin.gate.disguise import in_latin, undisguised, with_lone_digits
from tocsin.gate.rules import RULES, Hit
from tocsin.hazards import fold

_MOST_WORDS = 1_000  # of one sentence; a longer one is none, and is not looked into
_MOST_LINKS = 2  # little words between "calle" and a name: "de las"
_AGED = re.compile(
    r"([^\W\d_][\w'’.-]{0,40})\s([^\W\d_][\w'’-]{0,40})"
    r"(?:,\s\d{2}(?:\s(?i:ans|años|anni|anos|ani|lat|jaar|Jahre|years))?,"
    r"| ?\(\d{1,3} ?(?i:ans|años|anni|anos|ani|de ani|lat|l\.?|jaar|jr|Jahre|J\.|years|yrs|y/o)\)"
    r"|\s\(\d{2}\)\s(?P<then>[^\W\d_]{1,40}))"
)
# The same where writing has no capitals.
_AGED_CASELESS = re.compile(r"(?<!\S)([^\s(),]{2,30})\s([^\s(),]{2,30})\s\(\d{2}\)")
_ADDRESSED = re.compile(r"(?<![\w.])([^\W\d_]{1,5})\.(?:ssa|ra|ª)?\s?(?=[^\W\d_])")
_FULL_NAME = 2  # words
_CUE_REACH = 2  # words between a cue at the end of one field and the name at the beginning of the next
_NAME_REACH = 5  # words between a cue ("contact") and the name it announces


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written and as compared."""

    shown: str
    folded: str

    @property
    def is_capital(self) -> bool:
        """Return whether it begins as a name does."""
        return self.shown[:1].isupper() or (self.shown[:1].isdecimal() and undisguised(self.folded).isalpha())


def words_of(text: str) -> list[Word]:
    """Return the words of `text`; marks of vowels belong to their word, signs end one."""
    shown = text.translate(_SPACING).split()
    folded = fold(text).split()
    if len(folded) != len(shown):  # a sign that NFKC takes apart, such as one half
        folded = [fold(word).replace(" ", "") for word in shown]
    return [Word(*pair) for pair in zip(shown, folded, strict=True) if pair[1]]


class _Spacing(dict[int, str]):
    """What becomes of each character where words are told apart: signs become blanks."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        self[code] = "" if kind == "Cf" else " " if kind[0] in "PSZC" else char
        return self[code]


_SPACING = _Spacing()


def _is_endless(sentence: str) -> bool:
    return len(sentence) > _MOST_WORDS and len(sentence.translate(_SPACING).split()) > _MOST_WORDS


def is_barred(sentence: str) -> bool:
    """Return whether `sentence` speaks of a person, or of labour, protest, politics, religion or journalism."""
    if _is_endless(sentence) or _is_aged(sentence):
        return True
    words = words_of(sentence)
    if _has_agent(words) or _is_addressed(sentence, words):
        return True
    return any(_is_about(words, RULES.phrases.find(reading)) for reading in _readings(words))


def is_barred_across(before: str, after: str) -> bool:
    """Return whether two parts of a sentence, each of a field of its own, speak of such a thing only together.

    A cue for a name counts where the name follows it at once: names of places stand in every other field.
    """
    if is_barred(before) or is_barred(after):
        return False
    words, seam = words_of(f"{before} {after}"), len(words_of(before))
    if _is_aged(f"{before} {after}"):
        return True
    return any(_is_about_across(words, RULES.phrases.find(reading), seam) for reading in _readings(words))


def _is_about_across(words: Sequence[Word], hits: Sequence[Hit], seam: int) -> bool:
    # A phrase that goes on with a capital letter is none: "Fair of the March", "From 9 to 18 h".
    begun = 0 < seam < len(words) and words[seam].is_capital and not words[seam - 1].shown.isupper()
    if _has_topic(words, [hit for hit in hits if not (begun and hit.words.start < seam < hit.words.stop)]):
        return True
    near = [hit for hit in hits if hit.words.start < seam <= hit.words.stop + _CUE_REACH]
    return _has_person(words, [hit for hit in near if hit.kind != rules.NAMED and not _is_state(words, hit)]) or any(
        hit.kind == rules.NAMED and hit.words.stop <= seam and has_name(words[seam : seam + _FULL_NAME]) for hit in near
    )


def _is_state(words: Sequence[Word], hit: Hit) -> bool:
    """Return whether a form of address is the code of a state, such as "MS" behind the name of an office."""
    shown = words[hit.words.start].shown
    return len(shown) <= _FULL_NAME and shown.isupper()


def _is_aged(sentence: str) -> bool:
    """Return whether an age follows what looks like a name: "Marigold Hill, 47, of", "Marigold Hill (47) was".

    A bare figure in brackets is also the number of an exit or a line ("Moorweg Süd (23) und"): then something else
    than a verb follows.
    """
    sentence = in_latin(sentence)
    shouted = not any(word[:1].islower() for word in sentence.split())
    if any(_is_name_with_age(found, shouted=shouted) for found in _AGED.finditer(sentence)):
        return True
    return any(
        all(word.lower() == word.upper() and fold(word) not in RULES.no_names for word in found.groups())
        for found in _AGED_CASELESS.finditer(sentence)
    )


def _is_name_with_age(found: re.Match[str], *, shouted: bool) -> bool:
    one, two, then = found.groups()
    if not (one[:1].isupper() and two[:1].isupper()) or not RULES.no_names.isdisjoint((fold(one), fold(two))):
        return False
    return then is None or ((shouted or then.islower()) and fold(then) not in RULES.no_names)


def names_topic(sentence: str) -> bool:
    """Return whether a sentence speaks of labour, protest, politics, religion or journalism."""
    if _is_endless(sentence):
        return True
    words = words_of(sentence)
    return any(_has_topic(words, RULES.phrases.find(reading)) for reading in _readings(words))


def _readings(words: Sequence[Word]) -> Iterator[Sequence[str]]:
    """Yield the folded words, then, where that differs, with imitated Latin letters and digits as letters."""
    plain = [word.folded for word in words]
    yield plain
    disguised = [
        word.folded if word.folded.isascii() and word.folded.isalpha() else _folded(undisguised(word.shown))
        for word in words
    ]
    if disguised != plain:
        yield with_lone_digits(plain, disguised)


def _folded(word: str) -> str:
    return fold(word).replace(" ", "")


def _is_about(words: Sequence[Word], hits: Sequence[Hit]) -> bool:
    return _has_topic(words, hits) or _has_person(words, hits)


def is_topic(term: str) -> bool:
    """Return whether an event term names a protected topic; words count here that in a sentence may be innocent."""
    words = words_of(term)
    hits = RULES.phrases.find([word.folded for word in words])
    return _has_topic(words, hits) or any(hit.kind == rules.TOPIC_TERM for hit in _without_allowed(hits))


def _without_allowed(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits that touch no look-alike ("lightning strike")."""
    allowed = {at for hit in hits if hit.kind == rules.ALLOWED for at in hit.words}
    return [hit for hit in hits if allowed.isdisjoint(hit.words)]


def _has_topic(words: Sequence[Word], hits: Sequence[Hit]) -> bool:
    """Return whether a protected topic is spoken of, with look-alikes and place names set aside."""
    kinds: set[str] = set()
    for kind, span in _without_allowed(hits):
        if not _is_place(words, span):
            kinds.add(rules.TOPIC if _is_small(words, kind, span) else kind)
    return rules.TOPIC in kinds or any(
        f"{rules.OTHER}{kind.removeprefix(rules.ONE)}" in kinds for kind in kinds if kind.startswith(rules.ONE)
    )


def _is_small(words: Sequence[Word], kind: str, span: range) -> bool:
    """Return whether a word that is a topic only with a small letter has one, or begins a sentence and so cannot."""
    if kind not in {rules.SMALL_TOPIC, rules.FIRST_TOPIC}:
        return False
    follows = words[span[-1] + 1 : span[-1] + 2]
    begins = span[0] == 0 and kind == rules.FIRST_TOPIC and any(word.shown.islower() for word in follows)
    return begins or not words[span[0]].is_capital


def _is_place(words: Sequence[Word], span: range) -> bool:
    """Return whether the words of `span` are the name of a place: "Demonstration Dam", "rua dos Sindicatos"."""
    caseless = _is_caseless(words[span[0]])
    if not caseless and not words[span[0]].is_capital:
        return False
    sides = (span[0] - 1, span[-1] + 1) if caseless else (span[-1] + 1,)
    beside = [words[at] for at in sides if 0 <= at < len(words)]
    if any(word.folded in RULES.places and (_is_caseless(word) if caseless else word.is_capital) for word in beside):
        return True
    if any(words[at].folded.endswith(RULES.place_endings) for at in span):
        return True
    beyond = words[span[-1] + 1 : span[-1] + 3]
    if len(beyond) > 1 and beyond[0].folded in RULES.links and beyond[1].folded in RULES.parts:
        return True
    if _is_named_with_article(words, span):
        return True
    at = span[0] - 1
    while at > max(0, span[0] - _MOST_LINKS - 1) and words[at].folded in RULES.links:
        at -= 1
    return at >= 0 and words[at].folded in RULES.places_before


def _is_named_with_article(words: Sequence[Word], span: range) -> bool:
    """Return whether a capital article amid a sentence begins the name: "en La Huelga", "bij De Vakbond"."""
    before, article = words[max(0, span[0] - 2)], words[span[0] - 1]
    return (
        span[0] > 1
        and not _is_caseless(article)
        and article.folded in RULES.links
        and article.is_capital
        and not article.shown.isupper()
        and not before.is_capital
    )


def _has_person(words: Sequence[Word], hits: Sequence[Hit]) -> bool:
    """Return whether somebody is spoken of: by a role that comes with a name, an age, a title before a name."""
    shouted = _is_all_capital(words)
    return any(hit.kind == rules.PERSON for hit in _without_allowed(hits)) or any(
        (kind == rules.TITLE and _is_titled(words, span))
        or (kind in {rules.ROLE, rules.SMALL_ROLE} and not shouted and _is_before_name(words, span, kind))
        or (kind == rules.ASKED and _is_asked_for(words, span))
        or (kind == rules.NAMED and _is_beside_name(words, span, shouted=shouted))
        for kind, span in hits
    )


def _has_agent(words: Sequence[Word]) -> bool:
    """Return whether a trade with a small letter stands before two words with capitals: "o faroleiro Zeno Quaresma"."""
    for at, (trade, one, two) in enumerate(zip(words, words[1:], words[2:], strict=False)):
        if not (one.is_capital and two.is_capital and not trade.shown.isupper() and (at == 0 or not trade.is_capital)):
            continue
        said = _folded(in_latin(trade.shown))
        if (
            said.endswith(RULES.agents)
            and said not in RULES.no_agents | RULES.no_names
            and RULES.no_names.isdisjoint((one.folded, two.folded))
        ):
            return True
    return False


def _is_addressed(sentence: str, words: Sequence[Word]) -> bool:
    """Return whether a form of address with its full stop stands before a name: "M. Fontanel", "Sgt. Amblesworth"."""
    for found in _ADDRESSED.finditer(sentence):
        if found[1].lower() in RULES.addressed:
            end = len(words_of(sentence[: found.end()]))
            if _is_titled(words, range(end - 1, end)):
                return True
    return False


def _is_before_name(words: Sequence[Word], span: range, kind: str) -> bool:
    """Return whether a role stands right before a first name and a surname: "bus driver Marigold Hill".

    Many a role is a surname too, and so a place: "Baker City" is no baker.
    """
    if kind == rules.SMALL_ROLE and words[span[0]].is_capital:
        return False
    after = words[span[-1] + 1 : span[-1] + 2 + 2 * _FULL_NAME]
    return (has_name(after[:_FULL_NAME]) and not _is_named_after(words, span)) or _is_titled_of(after)


def _is_beside_name(words: Sequence[Word], span: range, *, shouted: bool) -> bool:
    """Return whether a name stands near; where capitals say nothing, right behind."""
    if shouted:
        return has_name(words[span[-1] + 1 : span[-1] + 1 + _FULL_NAME])
    before, after = words[max(0, span[0] - _NAME_REACH) : span[0]], words[span[-1] + 1 : span[-1] + _NAME_REACH]
    return has_name(before) or has_name(after)


def _is_asked_for(words: Sequence[Word], span: range) -> bool:
    """Return whether the two words after `span` may be a name; case says nothing where all or none is capital."""
    after = words[span[-1] + 1 : span[-1] + _FULL_NAME + 1]
    if len(after) < _FULL_NAME or any(word.folded in RULES.no_names for word in after):
        return False
    return all(word.is_capital for word in after) or not any(word.is_capital for word in words)


def _is_titled(words: Sequence[Word], span: range) -> bool:
    after = words[span[-1] + 1 : span[-1] + 5]
    if _is_titled_of(after):
        return True
    if not after or after[0].folded in RULES.no_names:
        return False
    if _is_caseless(words[span[0]]):
        return not _is_street(words, span)
    return after[0].is_capital and not _is_named_after(words, span)


def _is_titled_of(after: Sequence[Word]) -> bool:
    """Return whether a title goes on with what it is of, and then a name: "(custode) della diga Ettore Fossati".

    Some languages need no little word: "(kierowniczka) pociągu Bronisława Sikora".
    """
    of = after[1:] if after and after[0].folded in RULES.links else after
    return (
        len(of) > _FULL_NAME
        and len(of[0].shown) > 1  # "Abbot's Leigh"
        and not of[0].is_capital
        and not _is_caseless(of[0])
        and of[0].folded not in RULES.no_names | RULES.links
        and has_name(of[1 : 1 + _FULL_NAME])
    )


def _is_named_after(words: Sequence[Word], span: range) -> bool:
    """Return whether a title is part of the name of a street or house: "rue du Docteur Roux", "Doctor Roux Street"."""
    name, *beyond = words[span[-1] + 1 : span[-1] + 4]
    if beyond and beyond[0].folded in RULES.no_names - RULES.plain_places:
        beyond = beyond[1:]  # "Father Ryan High School"
    is_place = (
        beyond and beyond[0].is_capital and not beyond[0].shown.isupper() and beyond[0].folded in RULES.plain_places
    )
    if is_place or name.folded.endswith(RULES.street_endings):
        return True
    at = span[0] - 1
    while at > max(0, span[0] - _MOST_LINKS - 1) and words[at].folded in RULES.links:
        at -= 1
    if at > 0 and words[at].folded == "via":  # "in via", not "via" of other languages
        return words[at].is_capital or words[at - 1].folded in RULES.links | {"in", "da", "su"}
    return at >= 0 and words[at].folded in RULES.streets


def _is_caseless(word: Word) -> bool:
    return not any(char.isupper() or char.islower() for char in word.shown)


def _is_street(words: Sequence[Word], span: range) -> bool:
    """Return whether a title where writing has no capitals is part of the name of a street or square."""
    around = (*words[max(0, span[0] - 1) : span[0]], *words[span[-1] + 1 : span[-1] + _NAME_REACH])
    return any(word.folded in RULES.places for word in around)


def _is_all_capital(words: Sequence[Word]) -> bool:
    """Return whether capitals say nothing here, as in a headline."""
    return sum(word.is_capital for word in words) * 10 > len(words) * 7 and len(words) > _NAME_REACH


def has_name(words: Sequence[Word]) -> bool:
    """Return whether two words with capitals stand together that are no institution and no place."""
    return any(
        one.is_capital and two.is_capital and {one.folded, two.folded}.isdisjoint(RULES.no_names)
        for one, two in pairwise(words)
    )


def is_called_by_name(words: Sequence[Word]) -> bool:
    """Return whether a word like "ring" stands before one with a capital letter: "ring Marjorie on"."""
    return any(
        one.folded in RULES.number_cues
        and two.is_capital
        and two.folded not in RULES.no_names
        and not one.shown.isupper()
        for one, two in pairwise(words)
    )
