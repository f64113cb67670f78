"""Which pages there are, in the order of the navigation, and who may open each. One list; the tests walk it."""

from __future__ import annotations

from secondlook.server.actors import ALLOWED, May, Role
from secondlook.server.pages import accounts, keys, settings
from secondlook.server.pages.spec import PageSpec

PLAN: tuple[PageSpec, ...] = (
    PageSpec("/settings", "Settings", May.SEE_SETTINGS, settings.build, "The service"),
    PageSpec("/accounts", "Accounts", May.CHANGE_ACCOUNTS, accounts.build, "The service"),
    PageSpec("/keys", "My API keys", None, keys.build, "Mine"),
)


def first_for(role: Role) -> str:
    """Where somebody of a role begins: the first page of the plan that it may open."""
    return next(page.path for page in PLAN if page.listed and (page.may is None or page.may in ALLOWED[role]))
