"""Tools for to-do lists and the shopping list."""

from __future__ import annotations

from collections.abc import Callable

from schemas.action import Actor
from schemas.errors import NoMatch, UnknownEntity
from schemas.inventory import Entity
from serve.actions import arguments as args
from serve.actions.home import SimulatedHome
from serve.actions.matching import Target, answers_to, match_one
from serve.actions.planning import HomeTool, Plan, on_each

SHOPPING = ("shopping list", "shopping_list", "todo.shopping_list", "shopping")


def shopping_list(home: SimulatedHome) -> Entity:
    """The list that is called so; else the only list of the home."""
    lists = [entity for entity in home.entities() if entity.domain == "todo"]
    called = [entity for entity in lists if any(answers_to(entity, name) for name in SHOPPING)]
    chosen = called or lists
    if len(chosen) != 1:
        raise NoMatch(f"this home has {len(chosen) or 'no'} lists and none is the shopping list", where="todo.shopping_list")
    return chosen[0]


def _list(home: SimulatedHome, name: str, actor: Actor) -> Entity:
    """People say "the groceries list" for the list "groceries"."""
    try:
        return match_one(home, Target(name, domains=frozenset({"todo"})), actor.area)
    except UnknownEntity:
        shorter = name.strip().removesuffix("list").removesuffix("List").strip()
        if not shorter or shorter == name.strip():
            raise
        return match_one(home, Target(shorter, domains=frozenset({"todo"})), actor.area)


def _named(service: str, **data: str) -> Callable[[SimulatedHome, args.Item, Actor], Plan]:
    return lambda home, call, actor: on_each((_list(home, call.name, actor),), service, item=call.item, **data)


def _shopping(service: str, **data: str) -> Callable[[SimulatedHome, args.ShoppingItem, Actor], Plan]:
    return lambda home, call, actor: on_each((shopping_list(home),), service, item=call.item, **data)


def _tool(name: str, description: str, arguments: type[args.Arguments], plan: Callable[..., Plan]) -> HomeTool:
    return HomeTool(name, description, arguments, plan, domains=("todo",))


LISTING = (
    _tool("HassListAddItem", "Adds an item to a list.", args.Item, _named("add_item")),
    _tool("HassListCompleteItem", "Ticks an item off a list.", args.Item, _named("update_item", status="completed")),
    _tool("HassListRemoveItem", "Removes an item from a list.", args.Item, _named("remove_item")),
    _tool("HassShoppingListAddItem", "Adds an item to the shopping list.", args.ShoppingItem, _shopping("add_item")),
    _tool(
        "HassShoppingListCompleteItem",
        "Ticks an item off the shopping list.",
        args.ShoppingItem,
        _shopping("update_item", status="completed"),
    ),
)
