"""The visits on a telephone: the form that loses nothing, the village without a signal, the household page."""

import io
import re
import uuid
from collections.abc import Callable
from urllib.parse import quote

import pytest
from demo_city import PEOPLE
from PIL import Image
from playwright.sync_api import Page, expect
from screens import eventually
from served import Served
from sqlalchemy import select, update
from watching import Watch

from monitor import database
from monitor.tables import Alert, FollowUp, Photo, VisitPack

SEALED = """async () => {
  const base = await new Promise((done) => {
    const asked = indexedDB.open('lowincome-field'); asked.onsuccess = () => done(asked.result);
  });
  const kept = base.transaction('kept').objectStore('kept');
  const values = await new Promise((done) => {
    const asked = kept.getAll(); asked.onsuccess = () => done(asked.result);
  });
  return values.map((one) => one instanceof CryptoKey ? `key ${one.extractable}` : Object.keys(one).sort().join());
}"""
CONTROLLED = """() => new Promise((done) => {
  const look = () => navigator.serviceWorker.controller === null ? setTimeout(look, 100) : done(true);
  look();
})"""
# What is kept on a device is read late, as by an old phone: nothing may be shown meanwhile as if nothing were kept.
READS_LATE = """() => {
  const read = crypto.subtle.decrypt.bind(crypto.subtle);
  crypto.subtle.decrypt = async (...all) => { await new Promise((go) => setTimeout(go, 700)); return read(...all); };
}"""
SignIn = Callable[..., Page]


@pytest.fixture
def mine(service: Served) -> list[Alert]:
    """Three alerts in the caseworker's hands."""
    return service.leave(3, PEOPLE["caseworker"])


def form(page: Page, alert: Alert) -> None:
    page.goto(f"/alerts/{alert.id}/follow-up")
    expect(page.get_by_role("heading", name="登记核查", level=1)).to_be_visible()
    expect(page.get_by_role("radio", name="情况属实")).to_be_visible()


def picture() -> bytes:
    """A photo as a telephone takes it, with maker and place."""
    image, written, exif = Image.effect_noise((2400, 1800), 90).convert("RGB"), io.BytesIO(), Image.Exif()
    exif[0x010F] = "Maker-of-telephones"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 20.0, 0.0)})
    image.save(written, "JPEG", exif=exif, quality=92)
    return written.getvalue()


def visits_of(service: Served, alert: Alert) -> list[tuple[str, str | None, bool]]:
    with database.reading(service.engine) as session:
        chosen = select(FollowUp).where(FollowUp.alert_id == alert.id).order_by(FollowUp.recorded_at)
        return [(one.finding, one.supplement, one.undone_at is not None) for one in session.scalars(chosen)]


def test_a_form_is_kept_as_it_is_filled_in_refuses_what_it_must_and_can_be_taken_back(
    phone: Page, service: Served, signed_in_as: SignIn, mine: list[Alert], accessible: Callable[[Page], None]
) -> None:
    signed_in_as("caseworker", on=phone)
    form(phone, mine[0])
    phone.get_by_role("radio", name="误报").check()
    phone.get_by_role("button", name="提交", exact=True).click()
    expect(phone.get_by_role("alert")).to_contain_text("原因")
    phone.get_by_role("button", name="家中无人，已留便条。").click()
    bad = {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    good = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    phone.get_by_label("从相册选").set_input_files([good, bad])
    expect(phone.get_by_text("“b.jpg”不是可读取的照片")).to_be_visible()
    expect(phone.get_by_role("img", name="第 1 张照片")).to_be_visible()
    expect(phone.get_by_text("草稿已存本机")).to_be_visible()
    accessible(phone)
    phone.reload()
    expect(phone.get_by_text("上次未提交的草稿已恢复")).to_be_visible()
    expect(phone.get_by_role("radio", name="误报")).to_be_checked()
    phone.get_by_role("radio", name="数据过时").check()
    phone.get_by_role("button", name="提交", exact=True).click()
    expect(phone.get_by_text("核查已上报")).to_be_visible()
    with database.reading(service.engine) as session:
        photo = session.scalars(select(Photo)).one()
        assert max(photo.width, photo.height) <= 1600
    phone.get_by_role("button", name="撤销").click()
    expect(phone.get_by_text("已撤销")).to_be_visible()
    assert visits_of(service, mine[0]) == [("false_alarm", None, True)]


def test_in_a_village_without_a_signal_nothing_is_lost_and_a_conflict_is_the_workers_to_decide(
    phone: Page, service: Served, signed_in_as: SignIn, mine: list[Alert], watch: Watch
) -> None:
    signed_in_as("caseworker", on=phone)
    phone.goto("/visits")
    phone.get_by_role("button", name="下载走访包").click()
    expect(phone.get_by_text("本机走访包 3 户")).to_be_visible()
    assert set(phone.evaluate(SEALED)) == {"key false", "data,iv"}
    phone.evaluate(CONTROLLED)
    assert phone.evaluate("caches.keys().then((names) => names.length)") == 1
    watch.excuse("ERR_INTERNET_DISCONNECTED")
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.get_by_role("status").filter(has_text="离线").first).to_be_visible()
    phone.evaluate(READS_LATE)
    visited: list[str] = []
    for _ in range(2):
        link = phone.get_by_role("link", name="登记核查").first
        visited.append(str(link.get_attribute("href")).split("/")[2])
        assert len(set(visited)) == len(visited)
        link.click()
        phone.get_by_role("radio", name="情况属实").check()
        phone.get_by_role("button", name="提交", exact=True).click()
        expect(phone.get_by_role("heading", name="走访包", level=1)).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("2 条待上报").first).to_be_visible()
    first, second = (next(one for one in mine if str(one.id) == key) for key in visited)
    with database.transaction(service.engine) as session:
        session.execute(
            update(Alert).where(Alert.id == second.id).values(status="closed", closed_at=second.opened_at, version=9)
        )
    watch.excuse("409")
    phone.context.set_offline(False)
    expect(phone.get_by_text("1 条未通过").first).to_be_visible()
    phone.get_by_role("button", name="保留为补充记录").click()
    expect(phone.get_by_text("全部已上报")).to_be_visible()
    assert (visits_of(service, first), visits_of(service, second)) == (
        [("confirmed", None, False)], [("confirmed", "ended", False)],
    )  # fmt: skip
    phone.get_by_role("button", name="清除本机走访包").click()
    expect(phone.get_by_role("button", name="下载走访包")).to_be_visible()
    eventually(phone, lambda: wiped(service))  # told after it is done


def wiped(service: Served) -> bool:
    with database.reading(service.engine) as session:
        return session.scalars(select(VisitPack.wiped_at)).one() is not None


def test_the_way_to_a_village_is_off_until_it_is_wanted_and_hands_over_the_village_alone(
    phone: Page, service: Served, signed_in_as: SignIn, mine: list[Alert], accessible: Callable[[Page], None]
) -> None:
    signed_in_as("caseworker", on=phone)
    phone.goto("/visits")
    villages = phone.get_by_role("region", name="待走访").get_by_role("heading", level=3)
    expect(villages.first).to_be_visible()
    ways = phone.get_by_role("link", name=re.compile("^导航到"))
    expect(ways).to_have_count(0)
    phone.get_by_label("按村导航").check()
    expect(ways).to_have_count(villages.count())
    for village, way in zip(villages.all_inner_texts(), ways.all(), strict=True):
        assert way.get_attribute("href") == f"geo:0,0?q={quote(village)}"
    accessible(phone)
    phone.reload()
    expect(ways.first).to_be_visible()
    phone.get_by_label("按村导航").uncheck()
    expect(ways).to_have_count(0)


def test_a_household_is_found_without_its_name_in_any_address_and_who_is_in_no_list_is_registered(
    page: Page, service: Served, signed_in_as: SignIn, mine: list[Alert], accessible: Callable[[Page], None]
) -> None:
    signed_in_as("caseworker")
    number = service.household_no(mine[0])
    page.goto("/households")
    page.get_by_label("姓名、拼音").fill(number)
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name=number).click()
    for part in ("家庭成员", "近三年收支", "财产核查", "预警", "一户一条救助链"):
        expect(page.get_by_role("region", name=part)).to_be_visible()
    accessible(page)
    page.goto("/households")
    name = f"某{uuid.uuid4().hex[:6]}"
    page.get_by_label("姓名、拼音").fill(name)
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text("未找到，可能不在监测范围")).to_be_visible()
    assert name not in page.url
    page.get_by_role("button", name="手动登记困难线索").click()
    page.get_by_label("姓名 *").fill(name)
    page.get_by_label("困难情况").fill("独居，近日摔伤")
    page.get_by_role("combobox").first.select_option(index=1)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("线索已登记，已生成预警")).to_be_visible()
    with database.reading(service.engine) as session:
        raised = session.scalars(select(Alert.id).order_by(Alert.opened_at.desc())).first()
    page.goto(f"/alerts/{raised}")
    expect(page.get_by_role("region", name="登记的困难线索")).to_contain_text("独居，近日摔伤")
    expect(page.get_by_role("main")).to_contain_text("来源：工作人员登记的线索")
