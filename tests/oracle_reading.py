"""Reads conformance deliveries for the oracle: small, strict, and unknown to the service's own reading."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
from oracle import MODES, Delivery, Row

CHINESE = {
    "户编号": "household_id", "证件号码": "id_no", "户主证件号码": "id_no", "姓名": "name",
    "与户主关系": "relation", "性别": "sex", "出生日期": "birth_on", "行政区划代码": "region",
    "救助类别": "category", "月人均收入": "monthly_income_per_head", "联系电话": "phone",
    "结算编号": "settlement_id", "结算日期": "settled_on", "总费用": "total_fee", "个人自付": "self_pay",
    "是否撤销": "cancelled", "费款所属期": "month", "缴费基数": "base", "是否到账": "paid", "月份": "month",
    "应发工资": "gross_wage", "残疾证号": "certificate_no", "残疾类别": "kind", "残疾等级": "degree",
    "发证日期": "issued_on", "死亡日期": "died_on", "数据来源": "reported_by", "学期": "term", "学校": "school",
    "在读状态": "status", "房屋编号": "house_no", "危房等级": "level", "鉴定日期": "assessed_on",
    "是否唯一住房": "only_home", "改造完成日期": "repaired_on", "事件编号": "event_id", "发生日期": "happened_on",
    "灾种": "kind", "损失金额": "loss_yuan", "房屋损坏": "house_damage", "号牌号码": "plate_no",
    "车辆类型": "kind", "使用性质": "use", "初次登记日期": "registered_on", "不动产单元号": "unit_no",
    "用途": "use", "面积": "area", "登记时间": "registered_on", "权属状态": "status", "发放编号": "payment_id",
    "发放月份": "month", "项目": "program", "金额": "amount", "结果": "result", "医疗类别": "kind", "状态": "status",
}  # fmt: skip
MONEY = ("monthly_income_per_head", "total_fee", "self_pay", "base", "gross_wage", "loss_yuan", "area", "amount")
FLAGS = ("cancelled", "paid", "only_home")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
FOLD = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")


def deliveries(root: Path) -> list[Delivery]:
    """Read a drop folder, days in order; within a day the register first."""
    found = [read(path) for day in sorted(root.iterdir()) for path in sorted(day.iterdir()) if path.suffix != ".json"]
    return sorted(found, key=lambda d: (d.received_on, d.feed != "household_register"))


def read(path: Path) -> Delivery:
    feed = path.name.split(".")[0]
    manifest = path.with_name(path.name + ".manifest.json")
    mode = json.loads(manifest.read_text())["mode"] if manifest.exists() else MODES[feed]
    rows = [typed(row) for row in (_sheet(path) if path.suffix == ".xlsx" else _text(path))]
    return Delivery(feed, date.fromisoformat(path.parent.name), mode, [row for row in rows if row["id_no"]])


def _sheet(path: Path) -> Iterator[Row]:
    header, *lines = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    for line in lines:
        yield {CHINESE.get(str(name), str(name)): value for name, value in zip(header, line, strict=True)}


def _text(path: Path) -> Iterator[Row]:
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    first = text.split("\n", 1)[0]
    delimiter = max("\t;,", key=first.count)
    for row in csv.DictReader(io.StringIO(text), delimiter=delimiter):
        yield {CHINESE.get(name.strip(), name.strip()): value for name, value in row.items()}


def typed(row: Row) -> Row:
    return {name: _value(name, cell) for name, cell in row.items()}


def _value(name: str, cell: Any) -> Any:
    if name == "id_no":
        return _id_number(cell)
    text = "" if cell is None else str(cell).strip()
    if not text:
        return None
    if name.endswith("_on"):
        return _day(cell, text)
    if name == "month":
        return date(int(text[:4]), int(text[-2:]), 1)
    if name in MONEY:
        return Decimal(text)
    if name in FLAGS:
        return text in ("1", "1.0", "True")
    return int(text) if name in ("kind", "degree") and text.isdigit() else text


def _day(cell: Any, text: str) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if text.isdigit() and len(text) == 5:
        return date(1899, 12, 30) + timedelta(days=int(text))
    if text.isdigit():
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    year, month, day = text.replace("/", "-").split(" ")[0].split("-")
    return date(int(year), int(month), int(day))


def _id_number(cell: Any) -> str | None:
    """The normalised 18 characters, or None: a float lost its digits, a wrong check digit is not matched."""
    if isinstance(cell, float) or cell is None:
        return None
    number = str(cell).strip().translate(FOLD).replace(" ", "").lstrip("'").upper()
    if len(number) == 15 and number.isdigit():
        body = number[:6] + "19" + number[6:]
        return body + _check_digit(body)
    good = len(number) == 18 and number[:17].isdigit() and number[17] == _check_digit(number[:17])
    return number if good else None


def _check_digit(body: str) -> str:
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]
