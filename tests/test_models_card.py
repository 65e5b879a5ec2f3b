"""The model's card: one page, both languages, what it may and may not do, and nothing made prettier."""

from html.parser import HTMLParser
from pathlib import Path

from learned import HARD, gate, manifest, reference, scorer

from models.card import as_html, as_markdown, sections
from models.journal import Act, Entry
from models.registry import Registry

PROMOTED = Entry("promoted", "x", Act("officer", "2026-02-01T09:00:00+00:00", "all gates", second="other"))


def test_the_card_says_what_the_model_is_for_and_what_it_never_does() -> None:
    text = as_markdown(manifest())
    for words in ("不关闭、不降级、不隐藏任何预警", "never closes, demotes or hides an alert", "模型建议，非规则命中"):
        assert words in text


def test_figures_stand_beside_the_baselines_and_what_is_missing_is_said() -> None:
    text = as_markdown(manifest())
    assert "| rules | 0.703 | 0.21 |" in text
    assert "| boosted | 0.78 | 0.33 |" in text
    assert "测试日期" not in text
    assert "| 检验日期 test dates | 未提供 not told |" in text
    assert "未提供。 Not told." in as_markdown(manifest(metrics={}))


def test_what_else_was_told_of_the_training_stands_under_its_own_name_and_not_at_any_length() -> None:
    training = {"seed": 3, "lag_days": 31, "apart": [{"died": 2}], "deliveries": list(range(5000))}
    text = as_markdown(manifest(training=training, metrics={"base_rate": 0.03125}))
    assert "| 随机种子 seed | 3 |" in text
    assert "| lag_days | 31 |" in text
    assert "| apart | died 2 |" in text
    assert "| base_rate | 0.0312 |" in text
    assert max(len(line) for line in text.splitlines()) < 500


def test_groups_with_too_few_positives_are_not_said_to_be_well() -> None:
    text = as_markdown(manifest())
    assert "| elder alone | 0.91 | [0.8, 1.02] |  |" in text
    assert "| minority | – | [–, –] | 证据不足/not enough evidence |" in text


def test_every_gate_is_shown_with_interval_and_verdict_failed_ones_too() -> None:
    gates = (
        *(gate(name) for name in HARD),
        gate("G3", "failed", hard=False),
        gate("G5", "not enough evidence", hard=False),
    )
    text = as_markdown(manifest(gates=gates))
    assert "| G1 | " in text
    assert "1.62 [1.2, 2.1]" in text
    assert "未达到/failed" in text
    assert "证据不足/not enough evidence" in text


def test_a_probability_is_only_promised_when_calibration_is_proven() -> None:
    assert "只显示名次，不显示概率" in as_markdown(manifest())
    proven = manifest(gates=(*manifest().gates, gate("G6")))
    assert "概率已校准" in as_markdown(proven)
    failed = manifest(gates=(*manifest().gates, gate("G6", "failed")))
    assert "只显示名次，不显示概率" in as_markdown(failed)


def test_who_promoted_it_and_who_signed_stand_on_the_card(tmp_path: Path) -> None:
    registry = Registry(tmp_path, key=b"k" * 32)
    model = registry.register(scorer(), reference(), manifest())
    assert "Nobody has promoted it." in as_markdown(registry.manifest(model), registry.acts(model))
    registry.promote(model, PROMOTED.act, mark=registry.manifest(model).mark)
    told = registry.manifest(model)
    text = as_markdown(told, registry.acts(model))
    assert "2026-02-01T09:00:00+00:00 officer，签字 signed other：all gates" in text
    assert f"签字标记 {told.mark}" in text
    assert told.files["model.skops"] in text
    assert "| scikit-learn | " in text
    assert "Nobody has promoted it." not in text


class Reading(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_says_the_same_as_the_text() -> None:
    page = Reading()
    page.feed(as_html(manifest(), [PROMOTED]))
    assert page.links == []
    assert "script" not in page.tags
    assert page.tags.count("h2") == len(sections(manifest()))
    for section in sections(manifest(), [PROMOTED]):
        for row in section.rows:
            assert all(cell in page.text for cell in row)


def test_what_people_wrote_cannot_become_markup() -> None:
    wicked = Entry("promoted", "x", Act("<script>alert(1)</script>", "2026", "a | b\nc", second="s"))
    assert "<script>" not in as_html(manifest(), [wicked])
    assert "a \\| b c" in as_markdown(manifest(), [wicked])
