"""Routes 100,000 commitments against a directory of 50,000 bodies on one core: `python -m benchmarks.routing [COUNT]`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from flows.letters.agencies import Directory
from flows.letters.routing import route

BODIES, PLACES = 50_000, 1_000
_BUREAUS = (
    "人民政府", "发展和改革委员会", "教育局", "科学技术局", "工业和信息化局", "公安局", "民政局", "司法局", "财政局",
    "人力资源和社会保障局", "自然资源局", "生态环境局", "住房和城乡建设局", "交通运输局", "水务局", "农业农村局", "商务局",
    "文化和旅游局", "卫生健康委员会", "退役军人事务局", "应急管理局", "审计局", "国有资产监督管理委员会", "市场监督管理局",
    "统计局", "医疗保障局", "城市管理局", "数据局", "信访局", "行政审批服务局", "林业局", "体育局", "档案局", "税务局", "气象局",
    "供电公司", "自来水公司", "公交公司", "轨道交通公司", "城投公司", "总工会", "团委", "妇联", "科协", "残联", "工商联",
    "红十字会",
    "文联", "社科联", "侨联",
)  # fmt: skip


def directory_file() -> bytes:
    """The TOML of 1,000 invented districts with 50 bodies each, every body with two aliases."""
    bodies = []
    for place in range(PLACES):
        where = f"示例省第{place // 20}市第{place}区"
        for number, bureau in enumerate(_BUREAUS):
            bodies.append(
                f'[[agency]]\nid = "b{place}-{number}"\nname = "{where}{bureau}"\njurisdiction = "{where}"\n'
                f'aliases = ["第{place}区{bureau}", "区{bureau}"]\nkind = "department"\n'
            )
    return "".join(bodies).encode()


def record(number: int, found: Directory, commitments: int = 10) -> dict[str, Any]:
    """One letter's record whose owners are looked up by their short names, as understanding does."""
    place = number % PLACES
    where = f"示例省第{place // 20}市第{place}区"
    statements = []
    for index in range(commitments):
        owners = []
        for offset, role in ((0, "lead"), (7, "support")):
            mention = "区" + _BUREAUS[(number + index + offset) % len(_BUREAUS)]
            agency = found.resolve(mention, where)
            owners.append({"mention": mention, "name": agency and agency.name, "agency_id": agency and agency.id, "role": role})
        statements.append({
            "id": f"C{number}-{index}", "stance": "pledged", "specific": True, "confidence": 0.9, "owners": owners,
            "quantities": [{"unit": "元", "value": 1e6}],
        })  # fmt: skip
    return {"header": {"letter_type": "reply", "disclosure_normalised": "public_full"}, "statements": statements}


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    file = directory_file()
    start = time.process_time()
    found = Directory.load(file)
    built = time.process_time() - start
    routed = unresolved = 0
    for number in range(wanted // 10):
        assignments = route(record(number, found), found)
        routed += len(assignments)
        unresolved += sum(1 for assignment in assignments if assignment.agency_id is None)
    seconds = time.process_time() - start - built
    print(json.dumps({
        "bodies": len(found), "commitments": wanted, "assignments": routed, "unresolved": unresolved,
        "directory_cpu_seconds": round(built, 2), "routing_cpu_seconds": round(seconds, 2),
        "commitments_per_second": round(wanted / seconds),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
