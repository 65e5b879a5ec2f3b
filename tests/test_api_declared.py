"""Every route stands under a row of the policy, or the application does not start."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.declared import OPEN, declare
from api.deps import may
from monitor import access
from monitor.service import Service


def test_the_description_names_the_policy_row_of_every_route(sqlite_service: Service) -> None:
    said = create_app(sqlite_service).openapi()
    operations = {(path, verb): one for path, verbs in said["paths"].items() for verb, one in verbs.items()}
    undeclared = {(path, verb.upper()) for (path, verb), one in operations.items() if "x-action" not in one}
    assert undeclared == OPEN
    assert {one["x-action"] for one in operations.values() if "x-action" in one} <= set(access.ACTIONS)
    assert all("403" in one["responses"] for one in operations.values() if "x-action" in one)


def test_a_route_without_a_row_or_with_two_keeps_the_application_from_starting() -> None:
    bare, double = APIRouter(), APIRouter()

    @bare.get("/api/v1/secrets")
    def secrets() -> None:
        """Tell all."""

    @double.get("/api/v1/both", dependencies=[may("alert.read"), may("role.grant")])
    def both() -> None:
        """Do two things."""

    for router in (bare, double):
        with pytest.raises(LookupError, match="needs one"):
            declare(FastAPI(), [router])


def test_an_action_that_is_no_row_cannot_be_declared() -> None:
    with pytest.raises(LookupError):
        may("alert.raed")


def test_what_a_path_takes_is_told_whole(sqlite_service: Service) -> None:
    with TestClient(create_app(sqlite_service)) as client:
        answer = client.request("PATCH", "/api/v1/session")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET, POST")
