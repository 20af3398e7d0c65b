"""The web side: an application made of sections, with sessions, protection of forms, layout and sign-in."""

from core.web.application import build_web
from core.web.parts import NavItem, Page, Section, desk_of, session_of

__all__ = ["NavItem", "Page", "Section", "build_web", "desk_of", "session_of"]
