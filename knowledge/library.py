"""The content of one moment, held in memory: what a conversation looks things up in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from knowledge.model import Answer, Office, Region, Service, Topic, Town

MAX_SERVICES = 2


class Library:
    """An immutable snapshot of all published answers and regions; the loader swaps it as a whole."""

    def __init__(self, topics: Mapping[str, Topic], answers: Iterable[Answer], regions: Iterable[Region]) -> None:
        self.topics = dict(topics)
        self._answers = {(answer.topic, answer.language): answer for answer in answers}
        self.regions = {region.id: region for region in regions}
        self.towns: tuple[Town, ...] = tuple(
            sorted((town for region in self.regions.values() for town in region.towns), key=lambda town: town.name))
        self._towns_by_name = {town.name: town for town in self.towns}
        self._towns_by_slug = {town.slug: town for town in self.towns}

    def answer(self, topic: str, language: str) -> Answer | None:
        """The published answer in exactly this language, or None."""
        return self._answers.get((topic, language))

    def has_answer(self, topic: str) -> bool:
        """Whether the topic has an answer in any language."""
        return any(key[0] == topic for key in self._answers)

    def title(self, topic: str, language: str) -> str | None:
        """What the topic is called on a button."""
        answer = self.answer(topic, language)
        return answer.title if answer else None

    def town(self, name: str) -> Town | None:
        """The town of this exact name."""
        return self._towns_by_name.get(name)

    def town_by_slug(self, slug: str) -> Town | None:
        """The town of a deep link or button."""
        return self._towns_by_slug.get(slug)

    def office_for(self, town: str) -> Office | None:
        """The office that receives cases of this town, whether it is staffed or not."""
        known = self.town(town)
        if known is None:
            return None
        return next((office for office in self.regions[known.region].offices if town in office.towns), None)

    def services_for(self, topic: str, town: str | None, limit: int = MAX_SERVICES) -> tuple[Service, ...]:
        """Services to show under an answer: those that cover the town, the more specific first, at most `limit`."""
        known = self.town(town) if town else None
        if known is None:
            return ()
        fitting = [service for service in self.regions[known.region].services if service.shown
                   and topic in service.topics and (not service.covers or known.name in service.covers)]
        fitting.sort(key=lambda service: (not service.covers, service.topics.index(topic)))
        return tuple(fitting[:limit])

    def overdue(self, answer: Answer, today: date) -> bool:
        """Whether the answer is past its review date."""
        return today > answer.review_due
