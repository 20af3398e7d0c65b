"""What people do in the browser, in their words: a newcomer on the chat page, a case manager at the desk."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from bot.texts import load_texts
from core.languages import BY_CODE

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
TAKE_PICTURES = os.environ.get("LOTSE_PICTURES") == "1"  # read before the tests' own set-up clears LOTSE_*
MARKS = "[\u200e\u200f\u2066-\u2069]*"
NUMBER = re.compile(r"[A-Z]{2}-\d{4}-\d{4,}")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# The characters as the eye meets them: line by line, from left to right.
_VISUAL = """element => {
  const marks = [], walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    for (let i = 0; i < node.length; i++) {
      const range = document.createRange();
      range.setStart(node, i);
      range.setEnd(node, i + 1);
      const box = [...range.getClientRects()].find(b => b.width > 0);
      if (box) marks.push({ c: node.data[i], x: box.left, y: box.top + box.height / 2 });
    }
  }
  marks.sort((a, b) => a.y - b.y);
  const lines = [];
  for (const mark of marks) {
    const line = lines.at(-1);
    if (line && mark.y - line[0].y < 9) line.push(mark); else lines.push([mark]);
  }
  return lines.map(line => line.sort((a, b) => a.x - b.x).map(m => m.c).join(""));
}"""
_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const found = [...document.querySelectorAll("body *")].filter(e => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    return box.width > 1 && (box.right > width + 1 || box.left < -1) && style.visibility !== "hidden"
      || (e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(style.overflowX));
  });
  return found.map(e => `${e.tagName} ${e.id || e.className}: ${e.textContent.trim().slice(0, 40)}`)
    .concat(document.documentElement.scrollWidth > width ? [`the page is ${document.documentElement.scrollWidth} wide`] : []);
}"""


def words(key: str, language: str, /, **values: object) -> re.Pattern[str]:
    """One of the bot's own texts, wherever direction marks stand in it."""
    return wording(load_texts()(key, language, **values).replace("**", ""))


def wording(text: str) -> re.Pattern[str]:
    """Matches this text with any spaces and direction marks between its letters."""
    return re.compile(MARKS.join(r"\s+" if part.isspace() else re.escape(part) for part in re.findall(r"\s+|\S", text)))


def watch(context: BrowserContext, problems: list[str], allowing: str = "") -> None:
    """Collect what a browser complains about: errors in the console, in scripts, against the content security policy.

    A page that answers a refused form with status 4xx is no error of the page; `allowing` is what a test causes itself.
    """
    def said(message: ConsoleMessage) -> None:
        refused_form = "the server responded with a status of 4" in message.text and "/desk/" in message.location.get("url", "")
        caused = bool(allowing) and allowing in message.text
        if message.type == "error" and not refused_form and not caused:
            problems.append(f"{message.text} ({message.location.get('url', '')})")

    context.on("console", said)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on("dialog", lambda dialog: (problems.append(f"a dialog: {dialog.type} {dialog.message}"), dialog.dismiss()))
    context.add_init_script("document.addEventListener('securitypolicyviolation', e => "
                            "console.error(`against the policy: ${e.violatedDirective} ${e.blockedURI}`))")


def visual_lines(element: Locator) -> list[str]:
    """The lines of an element as they are painted, from left to right."""
    return [str(line) for line in element.evaluate(_VISUAL)]


def too_wide(page: Page) -> list[str]:
    """What sticks out of the page sideways, or scrolls sideways inside it."""
    return [str(line) for line in page.evaluate(_TOO_WIDE)]


def tab_to(page: Page, target: Locator, key: str = "Tab", most: int = 60) -> None:
    """Walk with the keyboard until the target has the focus, and it shows."""
    for _ in range(most):
        if target.evaluate("e => e === document.activeElement"):
            seen = "e => [null, '::after'].some(part => getComputedStyle(e, part).outlineStyle !== 'none')"
            assert target.evaluate(seen), "the focus cannot be seen"
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not reach {target}")


def violations(page: Page) -> list[str]:
    """What axe-core finds."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
    return [f"{line['id']}: {node['target']} {node.get('failureSummary', '')}" for line in found["violations"]
            for node in line["nodes"]]


def picture(page: Page, name: str) -> None:
    """Keep this view for the README, only when pictures are asked for."""
    if TAKE_PICTURES:
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur()")
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / name, animations="disabled", caret="hide")


@dataclass
class Newcomer:
    """Somebody on the chat page."""

    page: Page
    base: str
    language: str
    number: str = ""

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def answers(self) -> Locator:
        return self.log.locator(".message.bot")

    @property
    def own(self) -> Locator:
        return self.log.locator(".message.person")

    def open(self) -> None:
        """The page, until the bot has said something."""
        self.page.goto(f"{self.base}/chat")
        expect(self.answers.first).to_be_visible()

    def type(self, text: str) -> None:
        """Write and send with Enter; it stands in the conversation at once."""
        field = self.page.get_by_role("textbox")
        field.fill(text)
        field.press("Enter")
        expect(self.own.last).to_have_text(text)
        expect(field).to_have_value("")

    def button(self, label: str) -> Locator:
        """The newest button of that name."""
        return self.log.get_by_role("button", name=label, exact=True).last

    def label(self, key: str) -> Locator:
        """The newest button with one of the bot's own labels."""
        return self.button(load_texts()(key, self.language))

    def press(self, key: str) -> None:
        """A button with one of the bot's own labels."""
        self.label(key).click()

    def hears(self, pattern: re.Pattern[str]) -> Locator:
        """The newest message of the bot that says this, once it is there."""
        found = self.answers.filter(has_text=pattern).last
        expect(found).to_be_visible()
        return found

    def hears_text(self, key: str, **values: object) -> Locator:
        return self.hears(words(key, self.language, **values))

    def opens_case(self, own_words: str, interpreter: str = "button.yes") -> str:
        """From "talk to a person" to the number; the town must be known already."""
        self.press("button.person")
        self.hears(re.compile("KIM-Fallberatung"))
        self.press("button.agree")
        self.hears_text("intake.language")
        self.button(BY_CODE[self.language].native).click()
        if self.language != "de":
            self.hears_text("intake.interpreter")
            self.press(interpreter)
        self.hears_text("intake.contact")
        self.press("button.by_chat")
        self.hears_text("intake.words")
        self.type(own_words)
        self.hears_text("card.recent")
        self.press("button.send")
        self.hears_text("sent.chat")
        found = NUMBER.search(self.answers.last.inner_text())
        assert found, self.answers.last.inner_text()
        self.number = found.group()
        return self.number


@dataclass
class CaseManager:
    """Somebody at the desk, in German."""

    page: Page
    base: str

    def sign_in(self, link: str) -> None:
        """With a one-time link."""
        self.page.goto(link)
        self.page.get_by_role("main").get_by_role("button", name="Anmelden").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Fälle")

    def cases(self) -> None:
        """The list of the open cases."""
        self.page.goto(f"{self.base}/desk/cases")

    def line(self, number: str) -> Locator:
        """A case in the list."""
        return self.page.get_by_role("listitem").filter(has_text=number)

    def opens(self, number: str) -> None:
        """One case, from the list."""
        self.cases()
        self.line(number).get_by_role("link").click()
        expect(self.page).to_have_title(re.compile(number))

    @property
    def talk(self) -> Locator:
        """The messages of the case."""
        return self.page.get_by_role("region", name="Gespräch").get_by_role("listitem")

    def replies(self, text: str) -> None:
        """Write to the person."""
        self.page.get_by_label("Antwort an die Person").fill(text)
        self.page.get_by_role("button", name="An die Person senden").click()
        expect(self.talk.filter(has_text=text)).to_have_count(1)

    def notes(self, text: str) -> None:
        """Write for colleagues only."""
        self.page.get_by_role("heading", name="Interne Notiz schreiben").click()
        self.page.get_by_label("Interne Notiz", exact=True).fill(text)
        self.page.get_by_role("button", name="Notiz speichern").click()
        expect(self.talk.filter(has_text=text)).to_have_count(1)

    def closes(self, outcome: str) -> None:
        """End the case with an outcome."""
        self.page.get_by_role("heading", name="Fall abschließen").click()
        self.page.get_by_label(outcome).check()
        self.page.get_by_role("button", name="Fall abschließen").click()
        expect(self.page.get_by_text("Abgeschlossen am")).to_be_visible()
