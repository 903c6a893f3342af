"""Writes vectors/tokens-people.json: names, their parts, tokens, values and scores, as spec/tokens-people says.

python bench/people_vectors.py
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

from detente.topics.names.parts import parts
from detente.topics.people import PeopleTopic, tables
from detente.topics.topic import Pair

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


def vectors() -> dict[str, object]:
    topic = PeopleTopic()
    prepared = list(
        topic.prepare(
            topic.parse({"id": str(i), "schema": "Person", "properties": row})
            for i, row in enumerate(RECORDS)
        )
    )
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
    return {
        "version": topic.version,
        "tables": dict(tables()),
        "names": [
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
        ],
        "records": [
            {"properties": row, "tokens": p.tokens, "values": p.values, "profile": dict(p.profile)}
            for row, p in zip(RECORDS, prepared, strict=True)
        ],
        "pairs": pairs,
    }


if __name__ == "__main__":
    path = Path(__file__).parents[1] / "vectors/tokens-people.json"
    path.write_text(json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(path.name, path.stat().st_size, "bytes")
