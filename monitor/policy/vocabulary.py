"""The closed vocabularies of policy, each word in both languages."""

from collections.abc import Mapping

from monitor.policy.language import Kind
from monitor.policy.reading import Words

CATEGORIES: Mapping[str, Words] = {
    "tekun": Words("特困人员", "tekun (destitute)"),
    "dibao": Words("低保对象", "dibao (subsistence allowance)"),
    "near_dibao": Words("低保边缘家庭", "near-dibao"),
    "rigid": Words("刚性支出困难家庭", "rigid expenditure"),
    "anti_poverty": Words("防止返贫监测对象", "anti-poverty monitored"),
    "other": Words("其他困难人员", "other"),
}
LEVELS: Mapping[str, Words] = {
    "red": Words("红色", "red"),
    "orange": Words("橙色", "orange"),
    "yellow": Words("黄色", "yellow"),
    "blue": Words("蓝色", "blue"),
}
DIRECTIONS: Mapping[str, Words] = {
    "help": Words("应助未助", "should be helped and is not"),
    "leave": Words("应退未退", "may no longer qualify"),
    "check": Words("数据或发放核对", "data or payment to check"),
}
RISK_FACTORS: Mapping[str, Words] = {
    "illness": Words("因病", "illness"),
    "disability": Words("因残", "disability"),
    "schooling": Words("因学", "schooling"),
    "work": Words("就业不稳", "work"),
    "housing": Words("住房", "housing"),
    "disaster": Words("灾害", "disaster"),
    "accident": Words("意外事故", "accident"),
    "income": Words("收入", "income"),
    "family": Words("家庭变故", "family"),
    "property": Words("财产", "property"),
    "payment": Words("发放", "payment"),
    "combined": Words("综合", "combined"),
}
REGISTER: Mapping[str, tuple[Kind, Words, str]] = {
    "region": ("text", Words("行政区划", "region"), "text"),
    "county": ("text", Words("县(区)", "county"), "text"),
    "town": ("text", Words("乡镇(街道)", "town"), "text"),
    "category": ("text", Words("救助类别", "category"), "category"),
    "members": ("number", Words("登记人数", "members registered"), "persons"),
    "members_living": ("number", Words("在世人数", "living members"), "persons"),
    "monthly_income_per_head": ("number", Words("月人均收入", "monthly income per head"), "yuan/month"),
    "yearly_income": ("number", Words("家庭年收入", "yearly household income"), "yuan/year"),
}
CONSTANTS: Mapping[str, Kind] = {
    "as_of": "date",
    "month_0": "date",
    "month_now": "date",
    "this_year": "number",
    "this_term": "text",
    "last_term": "text",
}
MEMBER: Mapping[str, Kind] = {
    "age": "number",
    "sex": "text",
    "relation": "text",
    "alive": "flag",
    "birth_on": "date",
    "died_on": "date",
    "age_at_death": "number",
    "days_since_death": "number",
    "month_after_death": "date",
}
UNITS: Mapping[str, Words] = {
    "yuan": Words("元", "yuan"),
    "yuan/month": Words("元/月", "yuan a month"),
    "yuan/year": Words("元/年", "yuan a year"),
    "persons": Words("人", "person(s)"),
    "houses": Words("处", "house(s)"),
    "units": Words("处", "unit(s)"),
    "vehicles": Words("辆", "vehicle(s)"),
    "payments": Words("笔", "payment(s)"),
    "months": Words("个月", "month(s)"),
    "days": Words("天", "day(s)"),
    "times": Words("次", "time(s)"),
    "years": Words("岁", "years"),
    "programmes": Words("项", "programme(s)"),
    "kWh": Words("度", "kWh"),
    "m2": Words("平方米", "m²"),
    "share": Words("", ""),
    "score": Words("分", "point(s)"),
    "text": Words("", ""),
    "flag": Words("", ""),
}
LIMIT_UNITS: Mapping[str, Words] = {
    **UNITS,
    "times": Words("倍", "times"),
    "units": Words("个", "in number"),
    "households": Words("户", "household(s)"),
    "hours": Words("小时", "hour(s)"),
    "working days": Words("个工作日", "working day(s)"),
}
"""Units of parameters: there "times" is a multiple, and what "units" counts is told by the parameter's name."""
ELSEWHERE: Mapping[str, str] = {"3407": "铜陵市", "330111": "杭州市富阳区"}
"""Places outside the city whose published figures are borrowed."""
COUNTED = frozenset(("persons", "houses", "units", "vehicles", "payments", "months", "days", "times", "programmes"))
"""Units of what comes in whole things: past a limit means one more."""
