"""A content folder: which files it holds, what they say, and whether they changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.errors import ContentError
from knowledge import regions, topics, wording
from knowledge.answers import AnswerFile, parse_answer
from knowledge.library import Library
from knowledge.mistakes import Mistake, refuse
from knowledge.model import Topic
from knowledge.regions import RegionFile
from knowledge.topics import CONTENT

__all__ = ["CONTENT", "Content", "folder_hash", "library_from_files", "read_content"]


@dataclass(frozen=True)
class Content:
    """Everything that was read from one folder. `texts` holds the files as they are, by their relative name."""

    topics: Mapping[str, Topic]
    answers: tuple[AnswerFile, ...]
    regions: tuple[RegionFile, ...]
    texts: Mapping[str, str]
    unread: tuple[Mistake, ...] = ()

    def mistakes(self, today: date | None = None) -> list[Mistake]:
        """What is wrong in single files; the comparison of files is `check.check_content`."""
        found = list(self.unread)
        for read in self.answers:
            found += wording.examine(read, self.topics, today)
        for region in self.regions:
            found += region.mistakes
        return sorted(set(found) | set(_shared(self.regions)))

    def library(self) -> Library:
        """What could be read, as a library."""
        return Library(self.topics, (read.answer for read in self.answers if read.answer),
                       (read.region for read in self.regions if read.region))


def read_content(folder: Path = CONTENT, *, by_desk: bool = False) -> Content:
    """Read all files of a folder; mistakes are collected, not raised, except those of `topics.yml`.

    `by_desk`: the files come from a desk's export, so they may say who confirmed what.
    """
    if not folder.is_dir():
        raise ContentError(f"{folder}:1: there is no such content folder; mend LOTSE_CONTENT")
    known = topics.load_topics(folder)
    texts: dict[str, str] = {}
    unread: list[Mistake] = []
    answers: list[AnswerFile] = []
    found_regions: list[RegionFile] = []
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        try:
            text = texts[name] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            unread.append(Mistake(name, 1, "this file is not UTF-8 text; save it as UTF-8"))
            continue
        except OSError as error:
            unread.append(Mistake(name, 1, f"this file cannot be read: {error.strerror}"))
            continue
        if name.startswith("answers/"):
            answers.append(parse_answer(text, name, known, by_desk=by_desk))
        else:
            found_regions.append(regions.parse_region(text, name, known, by_desk=by_desk))
    return Content(known, tuple(answers), tuple(found_regions), texts, tuple(unread))


def library_from_files(folder: Path = CONTENT) -> Library:
    """The library of a folder, without any database. Raises ContentError listing the mistakes of its files."""
    content = read_content(folder)
    refuse(content.mistakes())
    return content.library()


def folder_hash(folder: Path = CONTENT) -> str:
    """Changes whenever a content file or the topics change."""
    digest = hashlib.sha256()
    for path in [*_paths(folder), folder / "topics.yml"]:
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _paths(folder: Path) -> Iterator[Path]:
    """Answers and regions in a fixed order; hidden files and editors' backups are none."""
    for pattern in ("answers/*/*.md", "regions/*.yml"):
        yield from (path for path in sorted(folder.glob(pattern)) if not path.name.startswith("."))


def _shared(read: tuple[RegionFile, ...]) -> Iterator[Mistake]:
    """Ids, prefixes and towns must differ between the regions too."""
    seen: dict[tuple[str, str], str] = {}
    for file in read:
        if file.region is None:
            continue
        region = file.region
        names = [("prefix", region.prefix), *(("town", town.name) for town in region.towns),
                 *(("office id", office.id) for office in region.offices),
                 *(("service id", service.id) for service in region.services)]
        for name in names:
            first = seen.setdefault(name, file.file)
            if first != file.file:
                yield Mistake(file.file, 1, f"the {name[0]} `{name[1]}` is also used in {first}; choose another")
