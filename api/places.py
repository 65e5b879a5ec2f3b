"""The tree of regions, as far as the viewer reaches, one level at a time."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.deps import ByLaw, Viewing, may
from api.errands import Errand
from api.problems import RESPONSES
from monitor.access import NATION, Viewer
from monitor.regions import LEVELS, Tree, short
from monitor.service import today

router = APIRouter(
    prefix="/api/v1", tags=["desk"], responses={401: RESPONSES[401], 422: RESPONSES[422]}, route_class=Errand
)
Code = Annotated[str, Query(pattern=r"^[0-9]{2,12}$", description="上级代码，默认本人辖区 / default: one's own region")]


class PlaceOut(BaseModel):
    """One region."""

    code: str
    name: str
    level: str = Field(description="province, city, county, town, village")
    leaf: bool = Field(description="没有下级 / nothing below it")


class PlacesOut(BaseModel):
    """A region and what lies directly below it."""

    here: PlaceOut
    below: list[PlaceOut]


@router.get("/regions", summary="行政区划 / Regions", dependencies=[may("alert.read")])
def list_regions(viewer: Viewing, laws: ByLaw, under: Code | None = None) -> PlacesOut:
    """Return a region of mine and those directly below it; what lies outside of mine is answered with my own."""
    tree, day = laws.tree, today()
    asked = short(under or "") or _own(tree, viewer)
    inside = viewer.region == NATION or viewer.region in tree.lineage(asked, day)
    here = asked if inside else _own(tree, viewer)
    return PlacesOut(here=_place(tree, here), below=[_place(tree, one.code) for one in tree.children(here, day)])


def _own(tree: Tree, viewer: Viewer) -> str:
    """The whole nation is, here, the region that the installation watches."""
    return tree.root if viewer.region == NATION else viewer.region


def _place(tree: Tree, code: str) -> PlaceOut:
    day = today()
    return PlaceOut(
        code=code, name=tree.name(code, day), level=LEVELS.get(len(code), "nation"), leaf=not tree.children(code, day)
    )
