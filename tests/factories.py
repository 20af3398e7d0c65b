"""Small pieces of content and understanding; tests name only what matters to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from bot.conversation.environment import Environment, Operator
from bot.texts import load_texts
from knowledge.library import Library
from knowledge.model import Answer, Office, Region, Service, Source, Topic, Town
from knowledge.towns import TownFinder
from nlu.model import Entities, Understanding

TOPICS = tuple(Topic(name, kind, name) for name, kind in (
    ("school.registration", "answer"), ("school.documents", "answer"), ("childcare.kita", "answer"),
    ("language.find_course", "answer"), ("residence.renewal", "complex"), ("residence.rejection", "complex"),
    ("health.doctor", "answer"), ("work.search", "answer"), ("advice.kim", "answer"),
    ("safety.violence", "safety"), ("safety.emergency", "safety"),
    ("chat.greeting", "chat"), ("chat.thanks", "chat"), ("chat.human", "chat"), ("chat.language", "chat"),
    ("chat.privacy", "chat"), ("chat.capabilities", "chat"), ("chat.complaint", "chat"), ("chat.goodbye", "chat"),
    ("out_of_scope", "chat"),
))
TITLES = {"de": "Titel", "en": "Title", "ar": "عنوان"}
UNANSWERED = "housing.search"  # known, but nothing has been written about it


def answer(topic: str = "school.registration", language: str = "de", **changes: Any) -> Answer:
    values: dict[str, Any] = {
        "title": f"{TITLES[language]} {topic}", "as_of": date(2026, 1, 10), "checked_by": None,
        "review_due": date(2099, 1, 1), "figures": (), "related": (), "office_words": (),
        "sources": (Source("Schulamt", "https://www.example.org/schule", date(2026, 1, 10)),),
        "sections": {"do": f"1. {TITLES[language]} tun: {topic}", "papers": f"{TITLES[language]} Papiere",
                     "cost": f"{TITLES[language]} Kosten"}}
    return Answer(topic=topic, language=language, **{**values, **changes})


def service(name: str = "Integrationszentrum", **changes: Any) -> Service:
    values: dict[str, Any] = {
        "id": f"tl.{name.lower()}", "region": "testland", "topics": ("school.registration", "advice.kim"), "covers": (),
        "address": "Marktplatz 1, 12345 Neudorf", "phone": "+49 2999 6789", "email": "ki@example.org",
        "url": "https://www.example.org/ki", "hours": None, "languages": None,
        "source_url": "https://www.example.org/kreis", "source_title": "Kreis Testland", "as_of": "2024-11",
        "confirmed_by": None, "confirmed_at": None, "shown": True,
        "description": {"de": "Hilft bei der Schule.", "en": "Helps with school."}}
    return Service(name=name, **{**values, **changes})


def office(id_: str = "nord", towns: tuple[str, ...] = ("Neudorf", "Wegberg"), **changes: Any) -> Office:
    values: dict[str, Any] = {"region": "testland", "name": f"KIM {id_.title()}", "carrier": f"Träger {id_.title()}",
                              "phone": "+49 2999 12345", "address": None}
    return Office(id=id_, towns=towns, **{**values, **changes})


def region(**changes: Any) -> Region:
    values: dict[str, Any] = {
        "id": "testland", "name": "Testland", "prefix": "TL",
        "towns": (Town("Neudorf", "neudorf", "testland"), Town("Wegberg", "wegberg", "testland", ("فيغبرغ",)),
                  Town("Bergisch Gladbach", "bergisch-gladbach", "testland"), Town("Südheim", "suedheim", "testland"),
                  Town("Ohneamt", "ohneamt", "testland")),
        "services": (service(),),
        "offices": (office(), office("sued", ("Südheim",)), office("leer", ("Bergisch Gladbach",)))}
    return Region(**{**values, **changes})


def library(*, answers: Iterable[Answer] = (), regions: Iterable[Region] | None = None,
            topics: Iterable[Topic] = ()) -> Library:
    """All topics of the kinds answer, complex and safety answered in three languages, except the unanswered one."""
    known = {topic.id: topic for topic in (*TOPICS, Topic(UNANSWERED, "answer", ""), *topics)}
    written = {(topic.id, language): answer(topic.id, language) for topic in known.values()
               if topic.kind in {"answer", "complex"} and topic.id != UNANSWERED for language in TITLES}
    numbers = {"do": "110 Polizei\n112 Notarzt"}
    written |= {(topic.id, language): answer(topic.id, language, sections=numbers) for topic in known.values()
                if topic.kind == "safety" for language in TITLES}
    written |= {(item.topic, item.language): item for item in answers}
    return Library(known, written.values(), [region()] if regions is None else regions)


def environment(content: Library | None = None, **changes: Any) -> Environment:
    content = content or library()
    values: dict[str, Any] = {"operator": Operator("Kreis Test", "kontakt@example.org")}
    return Environment(content, load_texts(), TownFinder(content), **{**values, **changes})


def understood(topic: str | None = "school.registration", probability: float = 0.9, language: str = "de",
               others: tuple[tuple[str, float], ...] = (), *, entities: dict[str, Any] | None = None,
               language_confidence: float = 0.95, **changes: Any) -> Understanding:
    """A fixed understanding; `others` are the next best topics."""
    topics = ((topic, probability), *others) if topic else ()
    return Understanding(language, language_confidence, topics, entities=Entities(**(entities or {})), **changes)


def unsure(topic: str = "school.registration", others: tuple[tuple[str, float], ...] = (("school.documents", 0.3),),
           **changes: Any) -> Understanding:
    return understood(topic, 0.35, others=others, is_unsure=True, reason="no clear winner", **changes)
