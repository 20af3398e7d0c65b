"""Answers as messages: section, local services, source line, buttons; together at most 1,800 characters."""

from __future__ import annotations

from bot.conversation.environment import Environment, show_as_of, show_date
from bot.conversation.model import Button, Person
from bot.conversation.say import in_rows, language_of, title_of
from core.clock import today
from core.markdown import escape
from knowledge.model import Answer, Service

LONGEST = 1800
RELATED = 2


def find_answer(env: Environment, topic: str, language: str) -> Answer | None:
    """The answer in the person's language, else in English, else in German."""
    library = env.library
    return library.answer(topic, language) or library.answer(topic, "en") or library.answer(topic, "de")


def answer_text(env: Environment, person: Person, answer: Answer, aspect: str) -> tuple[str, tuple[Service, ...]]:
    """The whole message for one section, and the services shown in it."""
    language = language_of(person, env)
    services: tuple[Service, ...] = ()
    near: list[str] = []
    if aspect in {"do", "place"}:
        services = env.library.services_for(answer.topic, person.town or None)
        if not services and (person.town or person.other_town):
            near = [env.texts("service.none", language, town=escape(person.town or person.other_town))]
    while True:
        blocks = [service_block(env, service, person.town, language) for service in services] or near
        parts = [answer.section(aspect, today()) or "", *blocks, source_line(env, answer, services, language)]
        message = "\n\n".join(part for part in parts if part)
        if not services or len(message) <= LONGEST:
            return message, services
        services = services[:-1]


def service_block(env: Environment, service: Service, town: str, language: str) -> str:
    """A local office: what it is, then address, number and mail each on a line of its own for a thumb."""
    heading = env.texts("service.for_town", language, town=escape(town), name=escape(service.name))
    lines = [heading, escape(service.description_in(language) or "")]
    details = (service.address, service.phone, service.email, service.hours_text(language))
    lines += [escape(line) for line in details if line]
    if service.url:
        lines.append(f"[{_host(service.url)}]({service.url})")
    return "\n".join(line for line in lines if line)


def _host(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0].removeprefix("www.")


def source_line(env: Environment, answer: Answer, services: tuple[Service, ...], language: str) -> str:
    """Where it comes from, as of when, and who has confirmed it: never "checked" while nobody has."""
    source = answer.sources[0] if answer.sources else None
    name = f"[{escape(source.title)}]({source.url})" if source else env.operator.name or "Lotse"
    as_of = show_date(answer.as_of, language)
    overdue = env.library.overdue(answer, today())
    if answer.checked_by:
        line = env.texts("source.confirmed", language, source=name, as_of=as_of, by=escape(answer.checked_by))
    else:
        line = env.texts("source.unconfirmed", language, source=name, as_of=as_of)
    if overdue:
        line += " " + env.texts("source.overdue", language)
    return "\n".join([line, *dict.fromkeys(service_source(env, service, language) for service in services)])


def service_source(env: Environment, service: Service, language: str) -> str:
    """Where an address comes from, as of when, and whether the town has confirmed it."""
    title = escape(service.source_title)
    source = f"[{title}]({service.source_url})" if service.source_url else title
    if service.confirmed_by and service.confirmed_at:
        return env.texts("source.service_confirmed", language, source=source,
                         as_of=show_date(service.confirmed_at, language), by=escape(service.confirmed_by))
    return env.texts("source.service", language, source=source, as_of=_state(env, service, language))


def _state(env: Environment, service: Service, language: str) -> str:
    if service.as_of == "undated":
        return env.texts("source.undated", language)
    return show_as_of(service.as_of, language)


def answer_buttons(env: Environment, person: Person, answer: Answer, aspect: str, *,
                   ask_helped: bool = True) -> list[list[Button]]:
    """The other sections, "did this help?", related topics, the town where it is missing, and always a person."""
    language = language_of(person, env)
    topic = answer.topic
    sections = [Button(env.texts(f"aspect.{other}", language), f"a|{topic}|{other}")
                for other in answer.aspects if other != aspect]
    rows = in_rows(sections)
    if not person.town and not person.other_place and aspect == "do":
        rows.append([Button(env.texts("button.town_for_addresses", language), "w|?")])
    if ask_helped:
        rows.append([Button(env.texts("button.helped", language), f"h|{topic}|1"),
                     Button(env.texts("button.not_helped", language), f"h|{topic}|0")])
    if aspect == "do":
        related = [(other, title_of(env, other, language)) for other in answer.related if env.library.has_answer(other)]
        rows += [[Button("→ " + title if language not in {"ar", "fa"} else "← " + title, f"t|{other}")]
                 for other, title in related[:RELATED] if title]
    rows.append([Button(env.texts("button.person", language), "p"), Button(env.texts("button.menu", language), "m")])
    return rows
