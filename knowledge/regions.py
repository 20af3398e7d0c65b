"""One region file (`regions/<region>.yml`): towns, offices of the KIM, services. Each file's head explains its keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from core import clock
from core.languages import BY_CODE
from knowledge.hours import WEEKDAYS
from knowledge.located import Entry, Mistakes, compose
from knowledge.mistakes import Mistake
from knowledge.model import Office, Region, Service, Town
from knowledge.wording import MOBILE, line_problems

UNDATED = "undated"
OLDEST_SHOWN_YEAR = 2023
LONGEST_DESCRIPTION = 160

_PHONE = re.compile(r"\+49 [1-9]\d{1,4} \d{3,10}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_AS_OF = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_SPAN = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SERVICE_ID = re.compile(r"[a-z]{2}\.[a-z0-9]+(?:-[a-z0-9]+)*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class RegionFile:
    """What was read from one file; `region` is None where it is too broken. `lines` tells where each service begins."""

    file: str
    region: Region | None
    mistakes: tuple[Mistake, ...]
    lines: Mapping[str, int] = field(default_factory=dict)


def file_name(region: str) -> str:
    """Where a region lies in a content folder."""
    return f"regions/{region}.yml"


def slug(name: str) -> str:
    """A town's name for links: `Übach-Palenberg` becomes `uebach-palenberg`."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold().translate(_UMLAUTS)).strip("-")


def parse_region(text: str, file: str, topics: Collection[str], *, by_desk: bool = False) -> RegionFile:
    """Read one file. `topics` are the ids that exist; only documents of the desk (`by_desk`) may confirm services."""
    mistakes = Mistakes(file)
    node = compose(text, mistakes)
    if node is None:
        if not mistakes.found:
            mistakes.add(1, "this file is empty; begin with `region:`, `name:`, `prefix:`, `towns:` ...")
        return RegionFile(file, None, tuple(mistakes.found))
    entry = Entry(node, mistakes)
    region = _region(entry, file, topics, by_desk) if entry.is_mapping else None
    lines = {item.text("id", required=False) or "": item.line for item in entry.entries("services", required=False)}
    return RegionFile(file, region, tuple(sorted(set(mistakes.found))), lines)


def may_be_shown(service: Service) -> bool:
    """The people rules: contact data and an as-of of 2023 or later (or none), nothing doubtful; else once confirmed.

    What is meant for professionals only is never shown to newcomers.
    """
    if not service.for_newcomers:
        return False
    if service.confirmed_by is not None:
        return True
    if service.doubtful is not None or not (service.address or service.phone or service.email or service.url):
        return False
    return service.as_of == UNDATED or int(service.as_of[:4]) >= OLDEST_SHOWN_YEAR


def _region(entry: Entry, file: str, topics: Collection[str], by_desk: bool) -> Region | None:
    identifier, name, prefix = entry.text("region", longest=60), entry.text("name", longest=100), entry.text("prefix")
    entry.text("state", required=False)
    is_elsewhere = file.startswith("regions/") and file != file_name(identifier or "")
    if identifier and (is_elsewhere or not _ID.fullmatch(identifier)):
        entry.wrong("region", f"`region` must be the name of the file without .yml, not `{identifier}`")
    if prefix and not re.fullmatch(r"[A-Z]{2,4}", prefix):
        entry.wrong("prefix", f"`prefix` begins the ticket numbers: two to four capital letters, not `{prefix}`")
    region_id = identifier or ""
    towns = tuple(town for item in entry.entries("towns") if (town := _town(item, region_id)))
    names = [town.name for town in towns]
    if len(set(names)) != len(names):
        entry.wrong("towns", "a town stands here twice; keep one")
    offices = tuple(office for item in entry.entries("offices") if (office := _office(item, region_id, names)))
    _check_routing(entry, names, offices)
    services = tuple(service for item in entry.entries("services")
                     if (service := _service(item, region_id, names, topics, by_desk)))
    _check_unique(entry, "services", (service.id for service in services))
    _check_unique(entry, "offices", (office.id for office in offices))
    entry.done()
    if not (identifier and name and prefix and towns):
        return None
    return Region(identifier, name, prefix, towns, services, offices)


def _check_unique(entry: Entry, key: str, identifiers: Iterable[str]) -> None:
    seen: set[str] = set()
    for identifier in identifiers:
        if identifier in seen:
            entry.wrong(key, f"the id `{identifier}` stands twice under `{key}`; ids must differ")
        seen.add(identifier)


def _check_routing(entry: Entry, names: list[str], offices: tuple[Office, ...]) -> None:
    """Each town belongs to exactly one office, so that a case always knows its way."""
    for name in names:
        count = sum(name in office.towns for office in offices)
        if count != 1:
            entry.wrong("offices", f"the town {name} must belong to exactly one office, not to {count}")


def _town(entry: Entry, region: str) -> Town | None:
    name = entry.text("name", longest=60)
    aliases = (*entry.texts("aliases", required=False), *entry.texts("quarters", required=False))
    entry.done()
    return Town(name, slug(name), region, aliases) if name else None


def _office(entry: Entry, region: str, names: list[str]) -> Office | None:
    identifier, name = entry.text("id", longest=60), entry.text("name", longest=200)
    carrier, towns = entry.text("carrier", longest=200), tuple(entry.texts("towns"))
    phone, address = _phone(entry), entry.text("address", required=False)
    entry.text("note", required=False, longest=1000)
    entry.done()
    if identifier and not _ID.fullmatch(identifier):
        entry.wrong("id", f"`{identifier}` must be written with a-z, 0-9 and - only")
    _check_towns(entry, "towns", towns, names)
    if not (identifier and name and carrier):
        return None
    return Office(identifier, region, name, carrier, towns, phone, address)


def _check_towns(entry: Entry, key: str, towns: Iterable[str], names: list[str]) -> None:
    for town in towns:
        if town not in names:
            entry.wrong(key, f"`{town}` is no town of this region; use a name of `towns`")


def _phone(entry: Entry) -> str | None:
    phone = entry.text("phone", required=False)
    if phone is None:
        return None
    if MOBILE.search(phone):
        entry.wrong("phone", f"`{phone}` is a mobile number; use the office's own line")
        return None
    if not _PHONE.fullmatch(phone):
        entry.wrong("phone", f"write the telephone number like +49 2452 134222, not `{phone}`")
    return phone


def _service(entry: Entry, region: str, names: list[str], topics: Collection[str], by_desk: bool) -> Service | None:
    identifier, name = entry.text("id", longest=60), entry.text("name", longest=160)
    if identifier and not _SERVICE_ID.fullmatch(identifier):
        entry.wrong("id", f"`{identifier}` must look like hs.ki: two letters, a dot, then a-z, 0-9 and -")
    wanted = tuple(entry.texts("topics"))
    for topic in wanted:
        if topic not in topics:
            entry.wrong("topics", f"the topic `{topic}` does not exist; use one of topics.yml")
    covers = tuple(entry.texts("covers", required=False))
    _check_towns(entry, "covers", covers, names)
    as_of = _as_of(entry)
    source_title, source_url = _sources(entry)
    confirmed_by, confirmed_at = _confirmation(entry, by_desk)
    opening, hours_note = _opening(entry), _by_language(entry, "hours_note")
    description = _by_language(entry, "description", LONGEST_DESCRIPTION)
    email = entry.text("email", required=False)
    if email and not _EMAIL.fullmatch(email):
        entry.wrong("email", f"`{email}` is no e-mail address")
    service = Service(
        id=identifier or "", region=region, name=name or "", topics=wanted, covers=covers,
        address=entry.text("address", required=False), phone=_phone(entry), email=email,
        url=entry.address("url", required=False), hours=None, languages=entry.text("languages", required=False),
        source_url=source_url, source_title=source_title, as_of=as_of, confirmed_by=confirmed_by,
        confirmed_at=confirmed_at, shown=False, description=description, opening=opening, hours_note=hours_note,
        doubtful=entry.text("doubtful", required=False, longest=1000),
        note=entry.text("note", required=False, longest=2000),
        for_newcomers=not entry.truth("professionals_only"))
    entry.done()
    for key in ("name", "address", "languages", "note", "doubtful"):
        _check_words(entry, key, getattr(service, key))
    for key, texts in (("description", description), ("hours_note", hours_note)):
        for text in texts.values():
            _check_words(entry, key, text)
    if not (identifier and name and as_of):
        return None
    return replace(service, hours=service.hours_text("de"), shown=may_be_shown(service))


def _check_words(entry: Entry, key: str, text: str | None) -> None:
    for what in line_problems(text or ""):
        entry.wrong(key, what)


def _as_of(entry: Entry) -> str:
    as_of = entry.text("as_of") or ""
    if as_of and as_of != UNDATED and not _AS_OF.fullmatch(as_of):
        entry.wrong("as_of", f"`as_of` must be 2024, 2024-11, 2024-11-30 or undated, not `{as_of}`")
        return ""
    if as_of != UNDATED and as_of > clock.today().isoformat():
        entry.wrong("as_of", f"`as_of` {as_of} lies in the future")
    return as_of


def _sources(entry: Entry) -> tuple[str, str | None]:
    """Title and address of the first source, the one that newcomers read; the others are for the desk."""
    sources = [(item.text("title", longest=160), item.address("url", required=False), item)
               for item in entry.entries("sources")]
    for _, _, item in sources:
        item.text("dated", required=False)
        item.text("supports", required=False)
        item.done()
    if not sources:
        entry.wrong("sources", "name at least one source with its title")
        return "", None
    return sources[0][0] or "", sources[0][1]


def _confirmation(entry: Entry, by_desk: bool) -> tuple[str | None, date | None]:
    name, day = entry.text("confirmed_by", required=False), entry.day("confirmed_at", required=False)
    if name in {None, "none"}:
        return None, None
    if not by_desk:
        entry.wrong("confirmed_by", "a file cannot confirm a service; a person of the municipality does so in the desk")
        return None, None
    if day is None:
        entry.wrong("confirmed_at", "`confirmed_at` is missing; say when it was confirmed")
    return name, day


def _by_language(entry: Entry, key: str, longest: int = 200) -> dict[str, str]:
    """Texts by language; a single text counts as German."""
    if not entry.has(key):
        return {}
    if entry.is_text(key):
        text = entry.text(key, longest=longest)
        return {"de": text} if text else {}
    item = entry.entry(key)
    if item is None:
        return {}
    texts: dict[str, str] = {}
    for code in item.names():
        if code not in BY_CODE:
            item.wrong(code, f"`{code}` is not a language code; use one of {', '.join(BY_CODE)}")
        elif text := item.text(code, longest=longest):
            texts[code] = text
    return texts


def _opening(entry: Entry) -> dict[str, tuple[str, ...]]:
    item = entry.entry("hours", required=False)
    if item is None:
        return {}
    opening: dict[str, tuple[str, ...]] = {}
    for day in item.names():
        if day not in WEEKDAYS:
            item.wrong(day, f"`{day}` is no weekday; use {', '.join(WEEKDAYS)}")
            continue
        spans = item.texts(day)
        for span in spans:
            if not _SPAN.fullmatch(span) or span[:5] >= span[6:]:
                item.wrong(day, f"write the hours like 08:30-12:00, not `{span}`")
        if spans:
            opening[day] = tuple(spans)
    return opening
