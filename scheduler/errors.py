"""What planning can say no to; every sentence is meant for the coordinator who entered the numbers."""

from __future__ import annotations

from video_service.errors import ServiceError


class PlanningError(ServiceError):
    """The plan cannot be computed from these numbers."""

    code = "planning"


class NotPositive(PlanningError):
    """A number that must be positive is not."""

    code = "planning_not_positive"


class Unstable(PlanningError):
    """The offered work is not below what the agents can do: a queue in which nobody gives up grows forever."""

    code = "planning_unstable"


class BadTarget(PlanningError):
    """No number of agents could reach this target."""

    code = "planning_target"


class BadPlan(PlanningError):
    """The staffing plan contradicts itself."""

    code = "planning_plan"


class BadHistory(PlanningError):
    """The history cannot be read."""

    code = "planning_history"


class NoHistory(PlanningError):
    """There is no open interval in the history to learn from."""

    code = "planning_no_history"


class NotConverged(PlanningError):
    """A numerical method stopped before it reached its accuracy."""

    code = "planning_not_converged"


class BadRoster(PlanningError):
    """The roster cannot be made from this: a row contradicts a rule."""

    code = "planning_roster"
