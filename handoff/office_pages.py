"""The leads' page: their offices, who works there, and whether they take cases."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.database import Database
from core.errors import LotseError
from core.staff import list_staff
from core.web import Page, desk_of, session_of
from handoff.offices import activate_office, deactivate_office, list_offices

LEAD = frozenset({"lead"})


class OfficePages:
    """A lead sees and changes the offices of the own account; others do not exist for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pages(self) -> tuple[Page, ...]:
        """The routes."""
        return (Page("/desk/offices", self._show, roles=LEAD),
                Page("/desk/offices/{office_id}/activate", self._activate, ("POST",), roles=LEAD),
                Page("/desk/offices/{office_id}/deactivate", self._deactivate, ("POST",), roles=LEAD))

    async def _show(self, request: Request) -> Response:
        return await self._render(request)

    async def _render(self, request: Request, *, problem: str = "", where: str = "", typed: str = "") -> Response:
        mine = session_of(request).staff.offices
        async with self._database.reading() as connection:
            offices = await list_offices(connection, mine)
            accounts = await list_staff(connection, mine)
        return desk_of(request).render(request, "offices.html", 422 if problem else 200, offices=offices,
                                       accounts=accounts, problem=problem, where=where, typed=typed)

    async def _activate(self, request: Request) -> Response:
        office_id = self._own_office(request)
        email = str((await request.form()).get("email", ""))
        try:
            async with self._database.transaction() as connection:
                await activate_office(connection, office_id, email)
        except LotseError as problem:
            return await self._render(request, problem=problem.sentence, where=office_id, typed=email)
        return RedirectResponse("/desk/offices", 303)

    async def _deactivate(self, request: Request) -> Response:
        office_id = self._own_office(request)
        async with self._database.transaction() as connection:
            await deactivate_office(connection, office_id)
        return RedirectResponse("/desk/offices", 303)

    @staticmethod
    def _own_office(request: Request) -> str:
        office_id: str = request.path_params["office_id"]
        if office_id not in session_of(request).staff.offices:
            raise HTTPException(404)
        return office_id
