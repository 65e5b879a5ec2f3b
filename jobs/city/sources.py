"""The agencies' timetable: which feed arrives when, what its rows carry, and who makes them."""

from jobs.city import belongings, health, helping, home, school, work
from jobs.city.agency import Source

_ID = ("id_no",)
_PLEA = ("name", "phone", "address")

SOURCES = (
    Source("household_register", home.register, 1, full=True, strangers=False, dirt=0.2),
    Source("assistance_decisions", helping.decisions, 3, number=("decision_no", "SP")),
    Source("population_changes", helping.population_changes, 4, number=("change_id", "BD")),
    Source("marriages", helping.marriages, 4, number=("record_no", "HY")),
    Source("deaths", health.deaths, 5, late=0.12),
    Source("benefit_payments", helping.benefit_payments, 5, carries=_ID, number=("payment_id", "FF"), mends="amount"),
    Source("serious_diseases", health.serious_diseases, 5, number=("diagnosis_id", "ZD")),
    Source("medical_settlements", health.settlements_early, 25, 0, number=("settlement_id", "S"), mends="self_pay"),
    Source("medical_settlements", health.settlements_late, 5, number=("settlement_id", "S"), mends="self_pay"),
    Source("unemployment_registrations", work.unemployment, 8, number=("registration_id", "SY")),
    Source("migrant_workers", work.migrant_workers, 10),
    Source("pensions", work.pensions, 12, mends="amount"),
    Source("wages", work.wages, 15, carries=_ID, mends="gross_wage"),
    Source("social_insurance", work.social_insurance, 15),
    Source("housing_fund", work.housing_fund, 15),
    Source("tax_incomes", work.tax_incomes, 18),
    Source("medical_enrolments", health.enrolments, 20),
    Source("financial_assets", belongings.deposits, 22, mends="balance"),
    Source("utilities", home.utilities, 24, carries=("id_no", "name", "address"), number=("account_no", "YD")),
    Source("hotline_tickets", helping.hotline, 31, 0, carries=_PLEA, number=("ticket_no", "GD")),
    Source("disasters", home.disasters, 31, 0, carries=_ID, mends="loss_yuan"),
    Source("accidents", health.accidents, 31, 0, number=("accident_id", "SG"), mends="loss_yuan"),
    Source("students", school.students, 31, 0),
    Source("education_aid", school.education_aid, 31, 0),
    Source("disability_certificates", health.disability_certificates, 31, 0, full=True, strangers=False),
    Source("vehicles", belongings.vehicles, 31, 0, carries=_ID, full=True, strangers=False),
    Source("real_estate", belongings.real_estate, 31, 0, carries=_ID, full=True, strangers=False),
    Source("housing_safety", belongings.houses, 31, 0, carries=_ID, full=True, strangers=False),
    Source("business_registrations", belongings.businesses, 31, 0, full=True, strangers=False),
    Source("anti_poverty_register", helping.anti_poverty, 31, 0, number=("record_no", "FP"), full=True),
    Source("union_hardship", helping.union_hardship, 31, 0, number=("record_no", "GH"), full=True),
    Source("detentions", helping.detentions, 31, 0, number=("record_no", "JS"), full=True),
)
