"""Pointing this process at the services that a profile names, before anything that reads the environment is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rottie.stack.recording import Record
    from schemas.profile import Profile

DEFAULT_PROFILE = "laptop"


def enter(profile: str | None, overrides: list[str] | None = None) -> tuple[Profile, Record | None]:
    """The profile, and the running stack's record where the profile is local. Raises StackDown when none runs.

    Without a name it is the profile that the running stack was started with.
    """
    from rottie.stack import environment
    from rottie.stack.recording import running
    from schemas.errors import StackDown
    from schemas.loading import load_profile
    from schemas.settings import Home

    home = Home.current()
    record = running(home)
    if profile is None and record is not None and not overrides:
        place = record.profile
    else:
        place = load_profile(profile or (record.profile.name if record else DEFAULT_PROFILE), overrides or [])
    if not place.stack.local:
        os.environ.update(environment(home, place))
        return place, None
    if record is None:
        raise StackDown("the stack is not running", where=str(home.root))
    os.environ.update(environment(home, record.profile))
    return place, record
