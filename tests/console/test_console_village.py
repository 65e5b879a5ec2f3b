"""The village without signal: a pack, three visits, the page loaded anew, one conflict on the way back."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from demo_city import PASSWORD, PEOPLE, TOWN
from playwright.sync_api import Page, expect
from screens import at_rest, routed
from served import Served
from sqlalchemy import select

from monitor import database
from monitor.service import today
from monitor.tables import FollowUp

JOURNEYS = {"test_three_visits_in_a_village_without_signal_arrive_once_each"}
_KEPT = """
async () => {
  const found = [];
  for (const {name} of await indexedDB.databases()) {
    const base = await new Promise(done => {
      const asked = indexedDB.open(name); asked.onsuccess = () => done(asked.result);
    });
    for (const store of base.objectStoreNames) {
      const all = await new Promise(done => {
        const asked = base.transaction(store).objectStore(store).getAll(); asked.onsuccess = () => done(asked.result);
      });
      for (const one of all) found.push(await said(one));
    }
    base.close();
  }
  return found.join('\\n');
  async function said(one) {
    if (one instanceof Blob) return await one.text();
    if (one instanceof ArrayBuffer || ArrayBuffer.isView(one)) return new TextDecoder().decode(one);
    if (one instanceof CryptoKey) return one.extractable ? 'an extractable key' : '';
    if (Array.isArray(one)) return (await Promise.all(one.map(said))).join(' ');
    if (one && typeof one === 'object') return (await Promise.all(Object.values(one).map(said))).join(' ');
    return String(one);
  }
}
"""


@pytest.fixture
def given(service: Served) -> list[str]:
    """Four alerts of the township that are the caseworker's own."""
    keys = [str(alert.id) for alert in service.alerts(town=TOWN, owner_id=None)[:4]]
    service.give(keys, PEOPLE["caseworker"])
    return keys


def visits_of(service: Served, key: str) -> list[FollowUp]:
    """The visits that arrived for an alert."""
    with database.reading(service.engine) as session:
        found = list(session.scalars(select(FollowUp).where(FollowUp.alert_id == service.alert(key).id)))
        session.expunge_all()
        return found


def record(page: Page, note: str) -> None:
    """Fill in the form that is open and send it."""
    fill_in(page, note)
    page.get_by_role("button", name="提交", exact=True).click()


def fill_in(page: Page, note: str) -> None:
    """Fill in the form that is open, as one does at the door."""
    expect(page.get_by_role("heading", name="登记核查")).to_be_visible()
    page.get_by_role("radio", name="入户").check()
    page.get_by_role("radio", name="情况属实").check()
    page.get_by_label("说明", exact=True).fill(note)


def open_visit(page: Page, at: int = 0) -> str:
    """Open the form of one of the households still to be visited; return the alert it is of."""
    link = page.get_by_role("region", name="待走访").get_by_role("link", name="登记核查").nth(at)
    key = str(link.get_attribute("href")).split("/")[2]
    link.click()
    return key


def pack(page: Page) -> None:
    """Take the pack along, and wait until the page itself is on the device too."""
    page.goto("/visits")
    page.get_by_role("button", name="下载走访包").click()
    expect(page.get_by_text(re.compile("本机走访包 [0-9]+ 户"))).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def test_three_visits_in_a_village_without_signal_arrive_once_each(
    phone: Page, service: Served, signed_in_as: Callable[..., Page], given: list[str],
    accessible: Callable[[Page], None], shot: Callable[[Page, str], None],
) -> None:  # fmt: skip
    signed_in_as("caseworker", on=phone)
    pack(phone)
    phone.reload()
    at_rest(phone)
    phone.context.set_offline(True)
    visited = []
    for number in range(3):
        visited.append(open_visit(phone))
        record(phone, f"第{number + 1}户，情况与数据一致。")
        expect(phone.get_by_role("heading", name="走访包")).to_be_visible()
        waiting = phone.get_by_role("region", name="待走访")
        expect(waiting.locator(f"a[href*='{visited[-1]}']")).to_have_count(0)
    assert len(set(visited)) == 3
    expect(phone.get_by_text("3 条待上报").first).to_be_visible()
    phone.reload()
    expect(phone.get_by_role("heading", name="走访包")).to_be_visible()
    expect(phone.get_by_text("3 条待上报").first).to_be_visible()
    shot(phone, "village-offline")
    accessible(phone)
    service.change(visited[1])
    phone.context.set_offline(False)
    expect(phone.get_by_text("1 条未通过").first).to_be_visible()
    expect(phone.get_by_text("1 条待上报").first).to_be_visible()
    assert [len(visits_of(service, key)) for key in visited] == [1, 0, 1]
    shot(phone, "village-conflict")
    accessible(phone)
    phone.get_by_role("button", name="仍用我填写的重新提交").click()
    expect(phone.get_by_text("全部已上报").first).to_be_visible()
    assert [len(visits_of(service, key)) for key in visited] == [1, 1, 1]
    assert set(visited) <= set(given)


def test_what_waits_on_the_device_cannot_be_read_there(
    phone: Page, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    signed_in_as("caseworker", on=phone)
    pack(phone)
    phone.context.set_offline(True)
    open_visit(phone)
    record(phone, "住院花费很大，需要帮扶。")
    expect(phone.get_by_text("1 条待上报").first).to_be_visible()
    kept = phone.evaluate(_KEPT)
    assert len(kept) > 200
    assert "住院花费很大" not in kept
    assert "an extractable key" not in kept
    phone.context.set_offline(False)
    expect(phone.get_by_text("全部已上报").first).to_be_visible()


def test_a_pack_is_gone_from_the_device_once_one_signs_out(
    phone: Page, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    signed_in_as("caseworker", on=phone)
    pack(phone)
    phone.get_by_role("button", name="退出").first.click()
    expect(phone.get_by_role("button", name="登录", exact=True)).to_be_visible()
    assert len(phone.evaluate(_KEPT)) < 200


def test_a_draft_outlives_a_session_that_ended_while_it_was_written(
    phone: Page, service: Served, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    signed_in_as("caseworker", on=phone)
    phone.goto(f"/alerts/{given[0]}/follow-up")
    phone.get_by_role("radio", name="情况属实").check()
    phone.get_by_label("说明", exact=True).fill("写到一半。")
    expect(phone.get_by_text("草稿已存本机")).to_be_visible()
    service.end_sessions("caseworker")
    phone.get_by_role("button", name="提交", exact=True).click()
    expect(phone.get_by_text("请重新登录")).to_be_visible()
    phone.get_by_label("密码", exact=True).fill(PASSWORD)
    prove(phone, service)
    expect(phone.get_by_text("请重新登录")).to_have_count(0)
    expect(phone.get_by_text("全部已上报").or_(phone.get_by_text("核查已上报")).first).to_be_visible()
    assert [len(visits_of(service, given[0]))] == [1]


def prove(page: Page, service: Served) -> None:
    """Sign in again where the page asks for it, over what is half written."""
    dialog = page.get_by_role("dialog")
    if dialog.get_by_label("登录名").count():
        dialog.get_by_label("登录名").fill(PEOPLE["caseworker"].login)
    dialog.get_by_role("button", name=re.compile("登录|验证")).click()
    dialog.get_by_label("动态码或恢复码").fill(service.code("caseworker"))
    dialog.get_by_role("button", name=re.compile("登录|验证")).click()


def test_two_tabs_send_a_visit_once(
    phone: Page, service: Served, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    signed_in_as("caseworker", on=phone)
    pack(phone)
    phone.context.set_offline(True)
    key = open_visit(phone)
    record(phone, "两个页面同时开着。")
    expect(phone.get_by_text("1 条待上报").first).to_be_visible()
    other = phone.context.new_page()
    other.goto("/visits")
    expect(other.get_by_text("1 条待上报").first).to_be_visible()
    phone.context.set_offline(False)
    for page in (phone, other):
        expect(page.get_by_text("全部已上报").first).to_be_visible()
    assert len(visits_of(service, key)) == 1


def test_a_device_whose_clock_is_a_day_ahead_is_told_and_loses_nothing(
    phone: Page, service: Served, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    phone.clock.install(time=phone.evaluate("Date.now()") / 1000 + timedelta(days=1).total_seconds())
    signed_in_as("caseworker", on=phone)
    phone.goto(f"/alerts/{given[0]}/follow-up")
    record(phone, "手机时间快了一天。")
    expect(phone.get_by_text("全部已上报").or_(phone.get_by_text("未通过")).first).to_be_visible()
    recorded = visits_of(service, given[0])
    assert all(one.visited_on <= today() for one in recorded)
    if not recorded:  # refused: then it waits to be mended, as it was written
        phone.get_by_role("button", name="返回修改").click()
        expect(phone.get_by_label("说明", exact=True)).to_have_value("手机时间快了一天。")


def test_a_photo_that_is_none_is_told_by_its_name_and_the_form_goes_on(
    phone: Page, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    signed_in_as("caseworker", on=phone)
    phone.goto(f"/alerts/{given[0]}/follow-up")
    expect(phone.get_by_role("heading", name="登记核查")).to_be_visible()
    chosen = phone.locator("input[type=file]").last
    chosen.set_input_files({"name": "收据.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7 no photo at all"})
    expect(phone.get_by_text("“收据.jpg”不是可读取的照片")).to_be_visible()
    phone.get_by_label("说明", exact=True).fill("照片重拍。")
    expect(phone.get_by_label("说明", exact=True)).to_have_value("照片重拍。")


def test_a_network_that_goes_in_the_middle_of_sending_loses_nothing(
    phone: Page, service: Served, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    signed_in_as("caseworker", on=phone)
    pack(phone)
    key = open_visit(phone)
    fill_in(phone, "提交时断网。")
    with service.standing_still():
        with phone.expect_request("**/follow-ups"):
            phone.get_by_role("button", name="提交", exact=True).click()
        phone.context.set_offline(True)
    expect(phone.get_by_text("1 条待上报").first).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.get_by_text("全部已上报").first).to_be_visible()
    assert len(visits_of(service, key)) == 1


def test_a_code_that_is_no_more_in_the_catalogue_is_told_and_the_form_is_mended(
    phone: Page, service: Served, signed_in_as: Callable[..., Page], given: list[str]
) -> None:
    signed_in_as("caseworker", on=phone)
    phone.route(
        "**/follow-ups",
        lambda route: route.continue_(post_data=re.sub("ERR_STALE", "ERR_GONE", str(route.request.post_data))),
    )
    phone.goto(f"/alerts/{given[0]}/follow-up")
    phone.get_by_role("radio", name="入户").check()
    phone.get_by_role("radio", name="误报").check()
    phone.get_by_role("radio", name="数据过时").check()
    phone.get_by_label("说明", exact=True).fill("目录里已没有这个原因。")
    phone.get_by_role("button", name="提交", exact=True).click()
    expect(phone.get_by_role("alert", name="未通过")).to_be_visible()
    assert visits_of(service, given[0]) == []
    phone.unroute_all()
    phone.get_by_role("button", name="返回修改").click()
    expect(phone.get_by_label("说明", exact=True)).to_have_value("目录里已没有这个原因。")
    phone.get_by_role("button", name="提交", exact=True).click()
    expect(phone.get_by_text("核查已上报").or_(phone.get_by_text("已提交复核")).first).to_be_visible()
    assert len(visits_of(service, given[0])) == 1


if not {"visits", "followUp"} <= set(routed()):
    pytestmark = pytest.mark.skip(reason="its screens are not there yet")
