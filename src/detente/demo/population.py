"""Writes two services' lists of invented people, and the truth about which records are one person.

    python -m detente.demo.population DIR --size 2000 --shared 250 --seed 1

Deterministic in its arguments on every supported Python. One record at a time: a million records take little more memory than a thousand
(one number a record, for the order). Nobody in it exists; a name that someone bears is there by chance.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from detente.demo.people import Kin, Person, person, relative
from detente.demo.records import Row, Side, Writing, row, weighted
from detente.errors import Misuse

# of those who are on one list only, how many are relatives or namesakes of someone on the other
_KIN_SHARE: Final[dict[Side, float]] = {"a": 0.05, "b": 0.15}
_KIN: Final[tuple[tuple[Kin, ...], tuple[int, ...]]] = (
    ("father", "son", "brother", "namesake", "twin"),
    (20, 25, 30, 20, 5),
)


@dataclass(frozen=True, slots=True)
class Population:
    """Two lists to come: `size` records each, `shared` of them the same people. Raises Misuse where that cannot be.

    >>> len(list(Population(seed=1, size=20, shared=5).rows("a")))
    20
    """

    seed: int
    size: int
    shared: int

    def __post_init__(self) -> None:
        if not 0 <= self.shared <= self.size:
            raise Misuse("the shared people are part of each list: give a --shared between 0 and --size")

    def rows(self, side: Side) -> Iterator[Row]:
        """That side's records, in an order that tells nothing about the other list's."""
        order = list(range(self.size))
        random.Random(f"{self.seed}/{side}/order").shuffle(order)
        for index in order:
            yield self._row(side, index)[0]

    def truth(self) -> Iterator[tuple[str, str, Writing, Writing]]:
        """(their id in a, their id in b, script of the name in a, in b) of each shared person."""
        for index in range(self.shared):
            (ours, one), (theirs, other) = self._row("a", index), self._row("b", index)
            yield ours.id, theirs.id, one, other

    def _row(self, side: Side, index: int) -> tuple[Row, Writing]:
        if index < self.shared:
            return row(person(self.seed, "both", index), side, self.seed, "both", index)
        return row(self._alone(side, index), side, self.seed, f"only {side}", index)

    def _alone(self, side: Side, index: int) -> Person:
        dice = random.Random(f"{self.seed}/{side}/{index}/alone")
        if dice.random() >= _KIN_SHARE[side]:
            return person(self.seed, f"only {side}", index)
        other = dice.randrange(self.size)
        known = "both" if other < self.shared else f"only {'b' if side == 'a' else 'a'}"
        return relative(
            person(self.seed, known, other), weighted(dice, *_KIN), self.seed, f"kin {side}", index
        )


def write(directory: Path, seed: int = 1, size: int = 2000, shared: int = 250) -> Population:
    """Writes a.ftm.json, b.ftm.json (a record a line) and truth.jsonl ({"a","b","script"} a line) into the directory, which it makes.

    `script` names the scripts of the two names, as "Latn-Cyrl". Raises Misuse.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = write(Path(folder), size=10, shared=3)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['a.ftm.json', 'b.ftm.json', 'truth.jsonl']
    """
    people = Population(seed, size, shared)
    directory.mkdir(parents=True, exist_ok=True)
    encode = msgspec.json.Encoder().encode
    sides: tuple[Side, Side] = ("a", "b")
    for side in sides:
        with (directory / f"{side}.ftm.json").open("wb") as file:
            file.writelines(encode(record) + b"\n" for record in people.rows(side))
    pairs = sorted(people.truth())
    with (directory / "truth.jsonl").open("wb") as file:
        file.writelines(
            encode({"a": a, "b": b, "script": f"{one}-{other}"}) + b"\n" for a, b, one, other in pairs
        )
    return people


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m detente.demo.population", description=__doc__.splitlines()[0]
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--size", type=int, default=2000, help="records a list")
    parser.add_argument("--shared", type=int, default=250, help="people on both lists")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    try:
        write(args.directory, args.seed, args.size, args.shared)
    except Misuse as fault:
        parser.error(str(fault))
    print(f"{args.directory}: two lists of {args.size} people, {args.shared} of them on both")


if __name__ == "__main__":
    main()
