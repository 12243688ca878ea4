"""Where tools from elsewhere come from: servers that speak MCP, declared in the assistant's file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from schemas.action import Risk
from schemas.pipeline import Spec
from schemas.policy import Names, Roles

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
SecretFile = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
PluginName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]


class Token(Spec):
    """Where a bearer token lies; never the token itself."""

    env: Variable | None = Field(default=None, description="An environment variable of the process that keeps the home.")
    file: SecretFile | None = Field(default=None, description="A file in ROTTIE_HOME/secrets.")

    @model_validator(mode="after")
    def _one_place(self) -> Token:
        if (self.env is None) == (self.file is None):
            raise ValueError("a token comes from env or from file")
        return self


class McpServer(Spec):
    """A server by its command (stdio) or by its address (Streamable HTTP). Its tools are offered as ``name__tool``."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,23}$")
    command: str | None = Field(
        default=None, min_length=1, max_length=1000, description="A program beside Python's, in PATH, or a path."
    )
    args: tuple[Annotated[str, Field(max_length=4000)], ...] = Field(default=(), max_length=64)
    env: tuple[Variable, ...] = Field(
        default=(),
        max_length=64,
        description="Variables of our environment that it gets, besides HOME, LOGNAME, PATH, SHELL, TERM and USER; no others.",
    )
    secrets: dict[Variable, SecretFile] = Field(
        default_factory=dict, description="Variables that it gets from files in ROTTIE_HOME/secrets."
    )
    url: str | None = Field(default=None, max_length=2000)
    token: Token | None = Field(default=None, description="The bearer token for ``url``.")
    roles: Roles | None = Field(default=None, description="Who may use its tools; by default all whose rights reach their risk.")
    allow: Names | None = Field(default=None, description="Tools that are offered, by the server's own names; by default all.")
    deny: Names = frozenset()
    risk: dict[str, Risk] = Field(default_factory=dict, description="Of single tools, by the server's own names.")
    default_risk: Risk | None = Field(
        default=None,
        description="Of the other tools. By default what the server hints: read where it says readOnlyHint, write where it says"
        " that nothing is destroyed, and otherwise irreversible, which a person must confirm.",
    )
    connect_s: float = Field(
        default=20, gt=0, le=600, description="For the first answers; a server that takes longer is tried again."
    )
    timeout_s: float = Field(default=30, gt=0, le=600, description="For one call.")
    per_minute: int = Field(default=60, ge=1, le=100_000, description="Calls of each tool, of all who ask together.")
    output: int = Field(default=16_000, ge=100, le=200_000, description="Characters of an answer that are kept.")

    @field_validator("url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
                raise ValueError("it must be an http or https address without a name or password in it")
        return url

    @model_validator(mode="after")
    def _one_way(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("a server has a command or a url")
        if self.command is None and (self.args or self.env or self.secrets):
            raise ValueError("args, env and secrets belong to a command")
        if self.url is None and self.token is not None:
            raise ValueError("a token belongs to a url; a command gets its secrets by `secrets`")
        return self


def _unique(servers: tuple[McpServer, ...]) -> tuple[McpServer, ...]:
    names = [server.name for server in servers]
    if len(set(names)) != len(names):
        raise ValueError("two servers have the same name")
    return servers


Servers = Annotated[tuple[McpServer, ...], Field(max_length=32), AfterValidator(_unique)]
Plugins = Annotated[tuple[PluginName, ...], Field(max_length=32)]
