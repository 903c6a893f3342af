"""Runs that a page began: each in a thread of its own, so that the page can follow it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from detente.api.failure import Failure, failure
from detente.errors import DetenteError, Refused, Unavailable


@dataclass
class Job:
    """One of them: under way, or over with a failure or none."""

    by: str
    over: bool = False
    failed: Failure | None = None


class Jobs:
    """At most one job for each subject at a time; the last one is remembered."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, subject: str, by: str, work: Callable[[], object]) -> Job:
        """Begins work in a thread. Raises Refused where it is under way already."""
        with self._lock:
            known = self._jobs.get(subject)
            if known is not None and not known.over:
                raise Refused("this is under way already: wait for it to end")
            job = self._jobs[subject] = Job(by)
        threading.Thread(target=self._run, args=(job, work), name="console job", daemon=True).start()
        return job

    def find(self, subject: str) -> Job | None:
        return self._jobs.get(subject)

    @staticmethod
    def _run(job: Job, work: Callable[[], object]) -> None:
        try:
            work()
        except DetenteError as error:
            job.failed = failure(error)
        except Exception:
            job.failed = failure(Unavailable("something went wrong here; the log says what"))
            raise
        finally:
            job.over = True


__all__ = ["Job", "Jobs"]
