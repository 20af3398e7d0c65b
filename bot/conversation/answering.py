"""A question is answered, asked back about, or admitted as not known."""

from __future__ import annotations

from bot.conversation import ask_person, onboarding, safety, smalltalk
from bot.conversation.compose import answer_buttons, answer_text, find_answer, service_block
from bot.conversation.deciding import Decision, decide
from bot.conversation.environment import Environment
from bot.conversation.menu import menu_for_old_button
from bot.conversation.model import Button, Count, Turn
from bot.conversation.say import button, language_of, menu_button, person_button, say, text, title_of
from handoff.triage import Situation
from handoff.triage import decide as triage
from nlu.model import Understanding

DATE_COUNTS = {"residence.rejection", "residence.asylum", "documents.letter"}  # their answers begin with that


async def question(turn: Turn, env: Environment, understanding: Understanding) -> None:
    """Answer typed words that are no command, no form entry and no danger."""
    person = turn.person
    library = env.library
    decision = decide(understanding, lambda topic: library.topics[topic].kind if topic in library.topics else "chat",
                      library.has_answer, last_topic=person.last_topic)
    report(turn, env, understanding, decision)
    if decision.action == "safety" and decision.topic:
        await safety.help_now(turn, env, decision.topic)
        return
    if decision.topic != person.last_topic:
        person.deadline = False
    remember(turn, understanding)
    if person.without_papers and not person.papers_warned:
        ask_person.warn_without_papers(turn, env)
    if understanding.entities.minor_alone:
        _youth_office(turn, env)
        person.misunderstood = 0
        await onboarding.introduce_if_new(turn, env)
        return
    if decision.action == "handoff" and decision.topic == "chat.human":
        person.misunderstood = 0
        turn.counts.append(Count("asked_for_person"))
        await ask_person.start(turn, env, reasons=decision.reasons)
    elif decision.action in {"answer", "handoff"} and decision.topic:
        await _answered(turn, env, decision, understanding)
    elif decision.action == "chat" and decision.topic:
        await smalltalk.reply(turn, env, decision.topic, understanding)
    elif decision.action == "clarify":
        await _ask_back(turn, env, decision)
    else:
        await _not_known(turn, env, decision)
    if decision.topic != "chat.greeting":  # the welcome leads there by itself
        await onboarding.introduce_if_new(turn, env)


def remember(turn: Turn, understanding: Understanding) -> None:
    """Details that change later replies."""
    person, entities = turn.person, understanding.entities
    if entities.child_age is not None:
        person.child_age = entities.child_age
    person.deadline = person.deadline or (entities.deadline_days is not None and entities.deadline_days <= 14)
    person.without_papers = person.without_papers or entities.without_papers


def report(turn: Turn, env: Environment, understanding: Understanding, decision: Decision) -> None:
    """What `lotse ask` prints about this message; the texts are added by the caller."""
    shown = {decision.topic}
    turn.report.update({
        "language": understanding.language if understanding.language != "other" else turn.person.language,
        "topic": decision.topic, "confidence": round(dict(understanding.topics).get(decision.topic or "", 1.0), 4),
        "action": decision.action, "aspect": decision.aspect, "aspects": [], "services": [], "sources": [],
        "alternatives": [{"topic": topic, "confidence": round(probability, 4)}
                         for topic, probability in understanding.topics[:4] if topic not in shown][:3],
        "reasons": list(decision.reasons)})
    if decision.action == "clarify":
        turn.report["alternatives"] = [
            {"topic": topic, "confidence": round(dict(understanding.topics).get(topic, 0.0), 4)}
            for topic in decision.proposals]


def _youth_office(turn: Turn, env: Environment) -> None:
    """A minor without parents gets the youth office at once, before any answer."""
    person = turn.person
    language = language_of(person, env)
    blocks = [text(turn, env, "minor.alone")]
    town = env.library.town(person.town)
    if town is not None:
        offices = [service for service in env.library.regions[town.region].services
                   if service.shown and "jugendamt" in service.name.lower()
                   and (not service.covers or town.name in service.covers)]
        blocks += [service_block(env, service, town.name, language) for service in offices[:1]]
    say(turn, env, "\n\n".join(blocks), [[person_button(turn, env)]])


async def _answered(turn: Turn, env: Environment, decision: Decision, understanding: Understanding) -> None:
    person = turn.person
    person.misunderstood = 0
    topic = decision.topic or ""
    same_again = topic == person.last_topic and decision.aspect is not None
    aspect = decision.aspect if (understanding.is_followup or same_again) and decision.aspect else "do"
    await show(turn, env, topic, aspect)
    await offer_person_if_due(turn, env, kind=env.library.topics[topic].kind)


async def show(turn: Turn, env: Environment, topic: str, aspect: str) -> None:
    """Send one section of an answer; says honestly when there is nothing checked about that aspect."""
    person = turn.person
    language = language_of(person, env)
    answer = find_answer(env, topic, language)
    if answer is None:
        say(turn, env, text(turn, env, "unknown.topic"), [[person_button(turn, env), menu_button(turn, env)]])
        return
    _enter_topic(turn, topic)
    if aspect not in answer.sections:
        say(turn, env, text(turn, env, "aspect.missing"), answer_buttons(env, person, answer, "", ask_helped=False))
        turn.counts.append(Count("aspect_missing", topic))
        turn.report.update(action="unsure", aspect=aspect, aspects=list(answer.aspects))
        return
    markdown, services = answer_text(env, person, answer, aspect)
    say(turn, env, markdown, answer_buttons(env, person, answer, aspect), language=answer.language)
    if aspect not in person.last_aspects:
        person.last_aspects.append(aspect)
    turn.counts.append(Count("answered" if aspect == "do" else "section", topic))
    turn.report.update({
        "aspect": aspect if aspect != "do" else None, "aspects": list(answer.aspects),
        "services": [service.id for service in services],
        "sources": [source.url for source in answer.sources]
        + [service.source_url for service in services if service.source_url]})


def _enter_topic(turn: Turn, topic: str) -> None:
    person = turn.person
    if topic != person.last_topic:
        person.last_topic, person.last_aspects = topic, []
    area = topic.split(".")[0]
    if area in person.areas:
        person.areas.remove(area)
    person.areas = [*person.areas, area][-6:]


async def offer_person_if_due(turn: Turn, env: Environment, *, kind: str = "answer") -> None:
    """Offer a case manager by itself where the triage says so; at most once per topic.

    Where nobody can take a case, counselling is named instead: an offer that leads nowhere costs trust.
    """
    person = turn.person
    decision = triage(Situation(
        asked_for_person=False, complex_topic=kind == "complex", misunderstood=person.misunderstood,
        areas=len(person.areas), deadline_within_14_days=person.deadline, not_helped=person.unhelpful))
    if not decision.offer or "offered" in person.last_aspects or person.intake is not None:
        return
    for reason in decision.reasons:
        if reason not in turn.report.setdefault("reasons", []):
            turn.report["reasons"].append(reason)
    person.last_aspects.append("offered")
    person.offered_reasons = list(decision.reasons)
    person.areas = person.areas[-1:]
    if not await _somebody_is_there(turn, env):
        await ask_person.counselling_services(turn, env, "advice.kim")
        return
    person.expecting = "offer"
    said_already = person.last_topic in DATE_COUNTS
    key = "offer.urgent" if decision.urgent and not said_already else "offer.person"
    say(turn, env, text(turn, env, key), [[button(turn, env, "button.yes_person", "p"),
                                           button(turn, env, "button.not_now", "n")]])


async def _somebody_is_there(turn: Turn, env: Environment) -> bool:
    """Whether the person's office takes cases; without a town, whether any does."""
    staffed = await turn.cases.staffed_offices()
    person = turn.person
    if person.other_place:
        return False
    office = env.library.office_for(person.town) if person.town else None
    return office.id in staffed if office is not None else bool(staffed) and not person.town


async def _ask_back(turn: Turn, env: Environment, decision: Decision) -> None:
    person = turn.person
    person.misunderstood += 1
    turn.counts.append(Count("clarified"))
    if person.misunderstood >= 2:
        await _offer_after_two(turn, env)
        return
    language = language_of(person, env)
    proposals = [[Button(title, f"t|{topic}")] for topic in decision.proposals
                 if (title := title_of(env, topic, language))]
    say(turn, env, text(turn, env, "unsure.maybe"),
        [*proposals, [button(turn, env, "button.something_else", "e"), person_button(turn, env)]])


async def _not_known(turn: Turn, env: Environment, decision: Decision) -> None:
    person = turn.person
    if decision.reasons == ("no answer yet",):
        turn.counts.append(Count("no_answer_yet", decision.topic or ""))
        say(turn, env, text(turn, env, "unknown.topic"), [[person_button(turn, env), menu_button(turn, env)]])
        return
    person.misunderstood += 1
    turn.counts.append(Count("unsure"))
    if person.misunderstood >= 2:
        await _offer_after_two(turn, env)
        return
    say(turn, env, text(turn, env, "unsure.nothing"), [[person_button(turn, env), menu_button(turn, env)]])


async def _offer_after_two(turn: Turn, env: Environment) -> None:
    """Not understood twice in a row: the person matters more than a third guess."""
    turn.report["reasons"] = [*turn.report.get("reasons", []), "misunderstood_twice"]
    say(turn, env, text(turn, env, "unsure.twice"), [[person_button(turn, env), menu_button(turn, env)]])


async def feedback(turn: Turn, env: Environment, topic: str, helped: bool) -> None:
    """Handle "Did this help?": counted without the person; two times no leads to a human."""
    if topic not in env.library.topics:
        await menu_for_old_button(turn, env)
        return
    turn.counts.append(Count("helped" if helped else "not_helped", topic))
    if helped:
        turn.person.unhelpful = 0
        say(turn, env, text(turn, env, "feedback.thanks"), [[menu_button(turn, env)]])
        return
    turn.person.unhelpful += 1
    answer = find_answer(env, topic, language_of(turn.person, env))
    rows = answer_buttons(env, turn.person, answer, "do", ask_helped=False) if answer else [[person_button(turn, env)]]
    key = "feedback.sorry_twice" if turn.person.unhelpful >= 2 else "feedback.sorry"
    say(turn, env, text(turn, env, key), rows)
