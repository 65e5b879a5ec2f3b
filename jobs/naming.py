"""What jobs, the states of a run and what a job counts are called at the terminal, in Chinese and in English."""

JOBS = {
    "ingest": "接收投递",
    "anchor": "审计锚定",
    "pull": "取数",
    "scan": "夜间扫描",
    "remind": "提醒催办",
    "backup": "备份",
    "drill": "恢复演练",
    "integrity": "完整性核验",
    "publish": "消息推送",
    "follow": "报表更新",
    "purge": "到期清理",
    "retrain": "模型训练",
    "doctor": "体检",
}
STATES = {
    "requested": "等待运行",
    "running": "正在运行",
    "done": "完成",
    "done_with_quarantine": "完成，部分户未能判定",
    "held": "搁置，待人工处理",
    "failed": "失败",
    "interrupted": "中断",
    "missed": "错过",
}
COUNTED = {
    "unreachable": "读不到",
    "nothing_new": "无新数据",
    "committed": "已入库",
    "held": "待处理",
    "refused": "拒收",
    "duplicate": "重复",
    "waiting": "未到齐",
    "retry": "待重试",
    "destroyed": "已销毁",
}


def both(words: dict[str, str], code: str) -> str:
    """Return the Chinese word of ``code`` and the code, which is English; the code alone where there is no word."""
    return f"{words[code]} {code}" if code in words else code
