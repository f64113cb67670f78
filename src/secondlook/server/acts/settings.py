"""What the service is set to."""

from __future__ import annotations

from typing import Any

from secondlook.ports import Action
from secondlook.server.actors import Actor, May
from secondlook.server.service import Service
from secondlook.server.settings import Settings, changed, to_values


def settings(service: Service, actor: Actor) -> Settings:
    actor.need(May.SEE_SETTINGS)
    return service.settings()


def change(service: Service, actor: Actor, values: dict[str, Any]) -> Settings:
    """Some of them. Each that changed is written down with what it was. Raises Invalid."""
    actor.need(May.CHANGE_SETTINGS)
    with service.database.writing() as session:
        before = service.settings_in(session)
        after = changed(before, values)
        service.keep_settings(session, after)
        was, now = to_values(before), to_values(after)
        for name in now:
            if was[name] != now[name]:
                service.record(actor, Action.SETTING, name, was=str(was[name]), now=str(now[name]))
    return after
