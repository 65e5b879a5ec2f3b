-- Fifteen indicators as somebody would write them who needs these fifteen and no others: the yardstick for
-- the generated statements. Relations known_<feed> are the facts that hold; dates are filled in as literals.
WITH member AS (
    SELECT r.household_key, r.person_key, d.died_on IS NULL AS alive, d.died_on,
           year($as_of) - year(r.birth_on)
               - CASE WHEN month(r.birth_on) * 100 + day(r.birth_on) > $month_day THEN 1 ELSE 0 END AS age,
           year(d.died_on) - year(r.birth_on)
               - CASE WHEN month(r.birth_on) * 100 + day(r.birth_on) > month(d.died_on) * 100 + day(d.died_on)
                      THEN 1 ELSE 0 END AS age_at_death
    FROM known_household_register r
    LEFT JOIN (SELECT person_key, max(died_on) AS died_on FROM known_deaths
               WHERE died_on <= $as_of GROUP BY person_key) d USING (person_key)
), living AS (
    SELECT household_key, person_key, age FROM member WHERE alive
), household AS (
    SELECT household_key,
           count(*) FILTER (WHERE alive AND age >= 80) AS elders_80,
           count(*) FILTER (WHERE died_on > $ninety_days AND age_at_death BETWEEN 16 AND 59) AS earners_died_90d
    FROM member GROUP BY household_key
), medical AS (
    SELECT person_key, sum(self_pay) AS paid, max(self_pay) FILTER (WHERE kind = 'inpatient') AS costliest
    FROM known_medical_settlements
    WHERE NOT cancelled AND settled_on > $year_ago AND settled_on <= $as_of GROUP BY person_key
), medical_household AS (
    SELECT household_key, max(coalesce(paid, 0)) AS highest, sum(paid) AS together, max(coalesce(costliest, 0)) AS costliest
    FROM living LEFT JOIN medical USING (person_key) GROUP BY household_key
), insured AS (
    SELECT person_key, count(*) FILTER (WHERE month >= $month_2) AS last_3,
           count(*) FILTER (WHERE month < $month_2) AS prior
    FROM known_social_insurance WHERE paid AND month BETWEEN $month_14 AND $month_0 GROUP BY person_key
), gap AS (
    SELECT household_key, count(*) AS members
    FROM living JOIN insured USING (person_key)
    WHERE age BETWEEN 16 AND 59 AND last_3 = 0 AND prior >= 6 GROUP BY household_key
), wage AS (
    SELECT household_key, sum(gross_wage) FILTER (WHERE month >= $month_2) AS last_3,
           sum(gross_wage) FILTER (WHERE month < $month_2) AS prior
    FROM known_wages JOIN living USING (person_key) WHERE month BETWEEN $month_14 AND $month_0 GROUP BY household_key
), disabled AS (
    SELECT household_key, count(DISTINCT person_key) AS members
    FROM known_disability_certificates JOIN living USING (person_key)
    WHERE status = 'active' AND (degree IN ('1', '2') OR (degree = '3' AND kind IN ('5', '6')))
    GROUP BY household_key
), pupil AS (
    SELECT person_key, max(term) FILTER (WHERE status = 'dropped_out') = max(term) AS dropped_out
    FROM known_students GROUP BY person_key
), dropout AS (
    SELECT household_key, count(*) AS members
    FROM living JOIN pupil USING (person_key) WHERE dropped_out AND age BETWEEN 6 AND 15 GROUP BY household_key
), house AS (
    SELECT household_key, count(*) AS houses
    FROM known_housing_safety JOIN living USING (person_key)
    WHERE level IN ('C', 'D') AND only_home AND (repaired_on IS NULL OR repaired_on > $as_of) GROUP BY household_key
), disaster AS (
    SELECT household_key, sum(loss_yuan) AS loss
    FROM known_disasters JOIN living USING (person_key)
    WHERE happened_on > $year_ago AND happened_on <= $as_of GROUP BY household_key
), late AS (
    SELECT household_key, count(*) AS payments
    FROM known_benefit_payments JOIN member USING (person_key)
    WHERE NOT alive AND result = 'paid' AND month > date_trunc('month', died_on) + INTERVAL 1 MONTH
    GROUP BY household_key
), home AS (
    SELECT household_key, count(*) AS units
    FROM known_real_estate JOIN living USING (person_key)
    WHERE use = 'residential' AND status = 'active' GROUP BY household_key
), paid AS (
    SELECT household_key, count(*) AS payments
    FROM known_benefit_payments JOIN living USING (person_key)
    WHERE result = 'paid' AND month = $month_0 GROUP BY household_key
)
SELECT household_key,
       CAST(coalesce(medical_household.highest, 0) AS DOUBLE) AS medical_self_pay_12m,
       CAST(coalesce(medical_household.together, 0) AS DOUBLE) AS medical_self_pay_household_12m,
       CAST(coalesce(medical_household.costliest, 0) AS DOUBLE) AS costliest_admission_12m,
       CAST(coalesce(gap.members, 0) AS DOUBLE) AS contribution_gap_members,
       CAST(coalesce(wage.last_3, 0) AS DOUBLE) AS wages_3m,
       CAST(coalesce(wage.prior, 0) AS DOUBLE) AS wages_prior_12m,
       CAST(coalesce(disabled.members, 0) AS DOUBLE) AS severe_disabled_members,
       CAST(household.earners_died_90d AS DOUBLE) AS earners_died_90d,
       CAST(coalesce(dropout.members, 0) AS DOUBLE) AS school_dropouts,
       CAST(coalesce(house.houses, 0) AS DOUBLE) AS dangerous_houses,
       CAST(coalesce(disaster.loss, 0) AS DOUBLE) AS disaster_loss_12m,
       CAST(household.elders_80 AS DOUBLE) AS elders_80,
       CAST(coalesce(late.payments, 0) AS DOUBLE) AS payments_after_death,
       CAST(coalesce(home.units, 0) AS DOUBLE) AS residential_units,
       CAST(coalesce(paid.payments, 0) AS DOUBLE) AS payments_last_month
FROM household
LEFT JOIN medical_household USING (household_key) LEFT JOIN gap USING (household_key)
LEFT JOIN wage USING (household_key) LEFT JOIN disabled USING (household_key)
LEFT JOIN dropout USING (household_key) LEFT JOIN house USING (household_key)
LEFT JOIN disaster USING (household_key) LEFT JOIN late USING (household_key)
LEFT JOIN home USING (household_key) LEFT JOIN paid USING (household_key)
