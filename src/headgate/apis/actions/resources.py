"""Resources and their actions: the declarations from which everything else is drawn."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Final, Literal, NoReturn, TypeVar, get_type_hints

from headgate.apis.actions.body import BodyRules
from headgate.apis.actions.call import Call
from headgate.apis.actions.params import Parameter, Params, parameters_of
from headgate.domain.errors import NotImplementedYetError

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Call, Any], Any]
H = TypeVar("H", bound=Callable[..., Any])

# A variable of a path: a whole part of it, named by a parameter or an alias of one.
PATH_VARIABLE: Final = re.compile(r"\{([^}]+)\}")
_DEFAULT_BODY = BodyRules()


@dataclass(frozen=True, slots=True)
class Action:
    """One declared action.

    `permission` is checked before the handler without regard to an organization; use cases check
    it again where it belongs. `async_task` handlers return a TaskId, answered by 202 and the task
    object. `writes` says which transaction `call.tx` opens. `lacks` says what is not there yet for
    the action to work: it answers 501.
    """

    resource: str
    name: str
    method: Method
    paths: tuple[str, ...]
    summary: str
    params: type[Params]
    handler: Handler
    permission: str | None
    public: bool
    async_task: bool
    writes: bool
    status: int
    body: BodyRules
    hidden: bool
    lacks: str | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The declared parameters."""
        return parameters_of(self.params)


@dataclass(slots=True)
class Resource:
    """The actions of one resource, named as in the clients' apidoc.

    `dialect` decides between Katello's and Foreman's envelope and search errors.
    """

    name: str
    title: str
    dialect: Literal["katello", "foreman"] = "katello"
    actions: list[Action] = field(default_factory=list[Action])

    def action(
        self,
        name: str,
        method: Method,
        path: str,
        *,
        summary: str | None = None,
        also: Sequence[str] = (),
        permission: str | None = None,
        public: bool = False,
        async_task: bool = False,
        writes: bool | None = None,
        status: int | None = None,
        body: BodyRules = _DEFAULT_BODY,
        hidden: bool = False,
        params: type[Params] | None = None,
    ) -> Callable[[H], H]:
        """Declare the decorated `(call, params) -> result` an action.

        `params` is the class of its parameters, unless the handler's own annotation says it.
        `also` lists further paths. The summary is the first line of the parameters' docstring
        unless given. Statuses are 202 for tasks, 201 for `create`, else 200.
        """

        def declare(handler: H) -> H:
            taken = params or _params_of(handler)
            self.actions.append(
                Action(
                    resource=self.name,
                    name=name,
                    method=method,
                    paths=(path, *also),
                    summary=summary or _summary_of(taken),
                    params=taken,
                    handler=handler,
                    permission=permission,
                    public=public,
                    async_task=async_task,
                    writes=method != "GET" if writes is None else writes,
                    status=status or _default_status(name, async_task),
                    body=body,
                    hidden=hidden,
                )
            )
            return handler

        return declare

    def unbacked(
        self,
        name: str,
        method: Method,
        path: str,
        params: type[Params],
        *,
        lacks: str,
        also: Sequence[str] = (),
        permission: str | None = None,
        body: BodyRules = _DEFAULT_BODY,
    ) -> None:
        """Declare an action that clients know and that nothing is behind yet.

        Its requests are checked as all others are - who asks, what they may, the parameters, that
        every id in them names something - and then answered by 501, which says what is lacking:
        `lacks` is the subject of that sentence, in the singular.
        """

        def refuse(_call: Call, _params: Params) -> NoReturn:
            raise NotImplementedYetError(f"{lacks} is not implemented yet, so nothing was done")

        parameters_of(params)
        self.actions.append(
            Action(
                resource=self.name,
                name=name,
                method=method,
                paths=(path, *also),
                summary=_summary_of(params),
                params=params,
                handler=refuse,
                permission=permission,
                public=False,
                async_task=False,
                writes=False,
                status=501,
                body=body,
                hidden=False,
                lacks=lacks,
            )
        )


def _params_of(handler: Callable[..., Any]) -> type[Params]:
    names = list(signature(handler).parameters)
    params = get_type_hints(handler)[names[1]]
    if not issubclass(params, Params):
        raise TypeError(f"{handler.__name__} takes {params} where a Params class is due")
    parameters_of(params)  # a parameter of a type that no request can hold is told at import
    return params


def _summary_of(params: type[Params]) -> str:
    return (params.__doc__ or "").partition("\n")[0].rstrip(".")


def _default_status(name: str, async_task: bool) -> int:
    if async_task:
        return 202
    return 201 if name == "create" else 200
