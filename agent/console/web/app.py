"""The web application: every page with its guard, the headers, and what is told of errors."""

from __future__ import annotations

import logging
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException

from agent.console.access.database import AccessStoreError
from agent.console.access.failure_log import FailureLog
from agent.console.access.screens import Screens, is_for_screens
from agent.console.errors import (
    FactorNeededError,
    LoginNeededError,
    PasswordNeededError,
    RefusedError,
    ScreenTriesError,
)
from agent.console.live.dependencies import Live
from agent.console.logins import Logins
from agent.console.page import Pages, render, translated
from agent.console.proposals import Proposals
from agent.console.state_acceptance import StateAcceptances
from agent.console.view_log import ViewLog
from agent.console.web.allowed_hosts import Names
from agent.console.web.compressed_files import CompressedFiles
from agent.console.web.headers import Headers
from agent.console.web.interfaces import v4_addresses
from agent.console.web.request_limits import Limits
from agent.console.web.routing import page_modules, see_guarded
from agent.console.web.stream_limits import Streams
from agent.console.wizard.setup_observations import Wizard
from drivers.text import Text

if TYPE_CHECKING:
    from starlette.responses import Response

    from agent.console.access import Access
    from agent.console.dependencies import Gate
    from agent.console.web.addresses import Addresses

log = logging.getLogger(__name__)

JSON_PATHS: Final = ("/api/", "/live/")


def make_app(gate: Gate, access: Access, addresses: Addresses) -> FastAPI:
    """The application of a running gate, with every page of `agent.console.pages`. Raises UnguardedRouteError."""
    app = FastAPI(title="Gate console", openapi_url=None, docs_url=None, redoc_url=None)
    modules = page_modules()
    app.state.gate = gate
    app.state.access = access
    app.state.certificate = addresses.certificate
    app.state.failures = FailureLog(partial(_tell_of_failures, gate), lambda: gate.now().at)
    app.state.views = ViewLog(gate.record_views, lambda: gate.now().at)
    app.state.screens = _screens(gate)
    app.state.logins = Logins(gate, access, app.state.failures)
    app.state.live = Live(gate)
    app.state.proposals = Proposals()
    app.state.wizard = Wizard(gate, v4_addresses)
    app.state.acceptances = StateAcceptances(access.users.role_of)
    app.state.pages = Pages([module.NAV for module in modules if hasattr(module, "NAV")])
    for module in modules:
        see_guarded(module.router)
        # Taken as they are: `include_router` would work out again what the import of the pages already has.
        app.router.routes.extend(module.router.routes)
    # Static files alone are compressed: a page has the token of its session, and what a visitor asked for beside it.
    app.mount("/static", CompressedFiles(directory=str(files("agent.console") / "static")), name="static")
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_values)
    app.add_exception_handler(Exception, _failed)
    app.add_exception_handler(AccessStoreError, _no_users)
    app.add_middleware(Streams, access=access)
    app.add_middleware(Limits, access=access, names=Names(addresses.names))
    app.add_middleware(Headers, trusted=addresses.certificate is not None and not addresses.certificate.own)
    return app


def _screens(gate: Gate) -> Screens:
    settings = gate.loaded.settings
    pages = {name: lane.driver_page for name, lane in settings.lanes.items() if lane.driver_page.enabled}
    return Screens(pages, settings.state.directory, lambda: gate.now().at)


def _tell_of_failures(gate: Gate, address: str, sentence: Text) -> None:
    gate.audit_nobody(address, "session.refused", sentence)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    if isinstance(error, LoginNeededError) and not _wants_json(request):
        return _to_login(request)
    if isinstance(error, PasswordNeededError) and request.method == "GET" and not _wants_json(request):
        return RedirectResponse("/settings/account", HTTPStatus.SEE_OTHER)
    if isinstance(error, FactorNeededError) and request.method == "GET" and not _wants_json(request):
        return RedirectResponse("/settings/account/second-factor", HTTPStatus.SEE_OTHER)
    response = _error_response(request, error.status, translated(request, error.text))
    if isinstance(error, ScreenTriesError):
        response.headers["retry-after"] = str(error.wait_s)
    return response


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    known = {
        HTTPStatus.NOT_FOUND: Text("There is no such page."),
        HTTPStatus.METHOD_NOT_ALLOWED: Text("This page does not support this request."),
    }
    status = HTTPStatus(error.status_code)
    response = _error_response(
        request,
        status,
        translated(request, known.get(status, Text("The request cannot be understood; nothing was done."))),
    )
    response.headers.update(error.headers or {})
    return response


async def _bad_values(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    fields = sorted({str(each["loc"][-1]) for each in error.errors()})
    message = translated(
        request, Text("Not filled in as expected: {fields}. Nothing was done.", fields=", ".join(fields))
    )
    return _error_response(request, HTTPStatus.UNPROCESSABLE_ENTITY, message)


async def _no_users(request: Request, error: Exception) -> Response:
    log.error("%s", error)
    return _error_response(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        translated(request, Text("The file of users cannot be read or written; the log says why. Nothing was done.")),
    )


async def _failed(request: Request, error: Exception) -> Response:
    log.error("the console failed at %s %s", request.method, request.url.path, exc_info=error)
    return _error_response(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        translated(request, Text("Internal error in the console; details are in the log. The gate keeps working.")),
    )


def _error_response(request: Request, status: HTTPStatus, message: str) -> Response:
    """The error as JSON for programs, in one line for drivers' screens, as a fragment for htmx, else as a page."""
    if is_for_screens(request.url.path):
        return PlainTextResponse(f"{message}\n", status)
    if _wants_json(request):
        return JSONResponse({"error": message}, status)
    template = "error_fragment.html" if _is_htmx(request) else "error.html"
    return render(request, template, status=status, message=message)


def _to_login(request: Request) -> Response:
    if _is_htmx(request):
        return render(
            request,
            "error_fragment.html",
            status=HTTPStatus.UNAUTHORIZED,
            message=translated(request, Text("Log in first; the session has ended or there was none.")),
        )
    onward = f"/login?{urlencode({'onward': request.url.path})}" if request.method == "GET" else "/login"
    return RedirectResponse(onward, HTTPStatus.SEE_OTHER)


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith(JSON_PATHS)


def _is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
