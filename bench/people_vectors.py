"""Writes vectors/tokens-people.json and vectors/tokens-groups.json: names, tokens, values and scores, as those specs say.

python bench/people_vectors.py
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from detente.topics import groups_keys
from detente.topics.groups import GroupsTopic
from detente.topics.groups import tables as groups_tables
from detente.topics.names.parts import parts
from detente.topics.orgs.words import words
from detente.topics.people import PeopleTopic
from detente.topics.people import tables as people_tables
from detente.topics.topic import Pair, Prepared, Topic

NAMES = (
    "Шамиль Басаев", "Chamil Bassaïev", "Shamil Basayev", "شامل باساييف", "Viktor Vladimirovich FILIPPOV",
    "Виктор Владимирович ФИЛИППОВ", "Рыгор Ігнатавіч ЖУК", "Tschaikowski, Pjotr Iljitsch", "Joukov", "Abd al-Rahman ibn Khalid al-Masri",
    "عبدالرحمن خالد المصري", "Mohammadreza NAQDI", "محمد رضا نقدی", "Habib Allah Akhund", "Mikheil Saakashvili", "მიხეილ სააკაშვილი",
    "Serzh Sargsyan", "Սերժ Սարգսյան", "Χρήστος Παπαδόπουλος", "Recep Tayyip Erdoğan", "Nicolás Šolohov", "習近平", "O. Yong Ho", "Sayyid",
)  # fmt: skip
RECORDS = (
    {"name": ["Шамиль Салманович БАСАЕВ"], "birthDate": ["1965-01-14"], "nationality": ["ru"]},
    {"name": ["Chamil Bassaïev"], "alias": ["Abdallah Shamil Abu-Idris"], "birthDate": ["1965"]},
    {"name": ["شامل باساييف"]},
    {
        "name": ["Anna Sergeevna KARIMOVA"],
        "birthDate": ["1980-07-03"],
        "passportNumber": ["75 1234567"],
        "innCode": ["500100732259"],
    },
    {
        "name": ["Hanna KARIMAVA"],
        "birthDate": ["1980-03-07"],
        "gender": ["female"],
        "birthPlace": ["Minsk, Belarus"],
        "phone": ["+375 17 1234567"],
    },
)


GROUPS = (
    {
        "name": ["Акционерное Общество «Вертолеты России»"],
        "alias": ["JSC Russian Helicopters"],
        "registrationNumber": ["1077746003334"],
    },
    {
        "name": ["RUSSIAN HELICOPTERS JOINT STOCK COMPANY"],
        "alias": ["AO Vertolety Rossii"],
        "country": ["ru"],
    },
    {"name": ["ИГИЛ"]},
    {"name": ["État islamique"], "alias": ["Daesh"]},
    {
        "name": ["Joint Stock Company Arzamas Plant named after P.I. Plandin"],
        "alias": ["AO APZ, JSC Arzamas Plandin Plant"],
    },
    {"name": ["Bank Mellat"]},
    {"name": ["Mellat Bank CJSC (MB)"], "imoNumber": ["IMO 9074729"]},
)
GROUP_NAMES = (
    "Open Joint Stock Company 'Belkommunmash'", "Общество с ограниченной ответственностью «Молот-Оружие»", "T.M.G. Engineering Ltd",
    "沈忠國際海運有限公司", "Korea Ryonha Machinery J/V Corporation", "شرکت ملی نفت ایران", "Plant No. 07", "S.A.L.", "GmbH",
)  # fmt: skip


def judged(topic: Topic, prepared: list[Prepared]) -> list[dict[str, object]]:
    pairs = []
    for (i, a), (j, b) in combinations(enumerate(prepared), 2):
        agreed = tuple(sorted(set(a.values) & set(b.values)))
        tokens = tuple(sorted(set(a.tokens) & set(b.tokens)))
        judgement = topic.judge(Pair(tokens, a.profile, b.profile, agreed, True))
        pairs.append(
            {
                "records": [i, j],
                "tokens": tokens,
                "agreed": agreed,
                "score": judgement.score,
                "because": judgement.because,
            }
        )
    return pairs


def of(
    topic: Topic, schema: str, rows: Sequence[dict[str, list[str]]], tables: Mapping[str, str], names: object
) -> dict[str, object]:
    prepared = list(
        topic.prepare(
            topic.parse({"id": str(i), "schema": schema, "properties": row}) for i, row in enumerate(rows)
        )
    )
    records = [
        {"properties": row, "tokens": p.tokens, "values": p.values, "profile": dict(p.profile)}
        for row, p in zip(rows, prepared, strict=True)
    ]
    return {
        "version": topic.version,
        "tables": dict(tables),
        "names": names,
        "records": records,
        "pairs": judged(topic, prepared),
    }


def people() -> dict[str, object]:
    names = [
        {
            "name": name,
            "parts": [
                {
                    "form": p.form,
                    "role": p.role,
                    "given": p.symbol,
                    "dm": p.sounds,
                    "mp": p.phones,
                    "bone": p.bones,
                }
                for p in parts(name)
            ],
        }
        for name in NAMES
    ]
    return of(PeopleTopic(), "Person", RECORDS, people_tables(), names)


def groups() -> dict[str, object]:
    split = {name: words(name) for name in GROUP_NAMES}
    names = [
        {"name": name, "words": [groups_keys.symbol(w) for w in n.words], "forms": n.forms}
        for name, n in split.items()
    ]
    return of(GroupsTopic(), "Organization", GROUPS, groups_tables(), names)


if __name__ == "__main__":
    folder = Path(__file__).parents[1] / "vectors"
    for name, made in (("tokens-people.json", people()), ("tokens-groups.json", groups())):
        (folder / name).write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(name, (folder / name).stat().st_size, "bytes")
