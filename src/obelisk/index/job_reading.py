"""What can be asked about jobs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isqrt

import orjson

from obelisk.errors import UnknownJobError
from obelisk.index.job_records import (
    ENDLESS_LEASE,
    JOB_ORDERS,
    JobEvent,
    JobEventType,
    JobFailure,
    JobFilter,
    JobOutput,
    JobRow,
)
from obelisk.index.statements import STATEMENTS
from obelisk.index.transaction import Transaction

_LAST_SEQ = 2**63 - 1
_COLUMNS = ", ".join(JobRow._fields)


class JobReading(Transaction):
    """The part of a `ReadTransaction` that is about jobs."""

    def lookup_job(self, id_: str) -> JobRow | None:
        """Return a job, `None` if there is none with that id."""
        sql = STATEMENTS["find_job"].format(columns=_COLUMNS)
        row = self._connection.execute(sql, (id_,)).fetchone()
        return None if row is None else JobRow._make(row)

    def get_job(self, id_: str) -> JobRow:
        """Return a job, or raise `UnknownJobError`."""
        row = self.lookup_job(id_)
        if row is None:
            raise UnknownJobError(f"No job found with this id: {id_}")
        return row

    def lookup_job_by_pk(self, pk: int) -> JobRow | None:
        """Return the job with a row number, `None` if there is none."""
        sql = STATEMENTS["find_job_by_pk"].format(columns=_COLUMNS)
        row = self._connection.execute(sql, (pk,)).fetchone()
        return None if row is None else JobRow._make(row)

    def find_jobs(self, wanted: JobFilter) -> list[JobRow]:
        """Return the jobs that a filter lets through, in its order."""
        return list(map(JobRow._make, self._find_jobs(_COLUMNS, wanted)))

    def find_job_ids(self, wanted: JobFilter) -> list[str]:
        """Return the ids of `find_jobs`."""
        return [str(id_) for (id_,) in self._find_jobs("id", wanted)]

    def _find_jobs(
        self, columns: str, wanted: JobFilter
    ) -> Iterator[tuple[object, ...]]:
        lists = {"state": wanted.states, "type": wanted.types}
        few = self._find_few(wanted, lists)
        is_free = few is None and wanted.order.endswith("id")
        # Left to itself, SQLite would sort all that are in a state, to give some.
        conditions = [
            f"{'' if is_free or column == few else '+'}{column}"
            f" IN ({','.join('?' * len(values))})"
            for column, values in lists.items()
            if values
        ]
        way = " DESC" if wanted.order.startswith("-") else ""
        column = JOB_ORDERS[wanted.order.removeprefix("-")]
        sql = STATEMENTS["find_jobs"].format(
            columns=columns,
            conditions=f" WHERE {' AND '.join(conditions)}" if conditions else "",
            order=f"{column}{way}, pk{way}",
        )
        limit = -1 if wanted.limit is None else wanted.limit
        values = (*wanted.states, *wanted.types, limit, wanted.since)
        return self._connection.execute(sql, values)

    def _find_few(
        self, wanted: JobFilter, lists: Mapping[str, Sequence[str]]
    ) -> str | None:
        """Return the column by which fewer are to be sorted than walked over else."""
        total = sum(self.count_jobs().values())
        page = total if wanted.limit is None else wanted.since + wanted.limit
        count_max = isqrt(page * total)
        for column, values in lists.items():
            if values:
                sql = STATEMENTS["count_some_jobs"].format(
                    column=column, values=",".join("?" * len(values))
                )
                found = self._connection.execute(sql, (*values, count_max))
                if found.fetchone()[0] < count_max:
                    return column
        return None

    def count_jobs(self) -> dict[str, int]:
        """Return how many jobs there are in each state."""
        return dict(self._run("count_jobs").fetchall())

    def has_pending_job(self) -> bool:
        """Tell whether a job waits for a worker."""
        return bool(self._run("has_pending_job").fetchone()[0])

    def find_lost_jobs(self, now: float) -> list[int]:
        """Return the row numbers of running jobs whose owner let the lease end."""
        return [pk for (pk,) in self._run("find_lost_jobs", now)]

    def find_due_jobs(self, now: float) -> list[int]:
        """Return the row numbers of jobs that are to be tried again."""
        return [pk for (pk,) in self._run("find_due_jobs", now)]

    def last_job_pk(self) -> int:
        """Return the row number of the last job, or 0."""
        return int(self._run("find_last_job_pk").fetchone()[0])

    def find_last_lease(self, now: float) -> float:
        """Return when the last lease of a job ends that workers run; now if none does.

        That of what is sent to a client has no end.
        """
        return float(self._run("find_last_lease", now, ENDLESS_LEASE).fetchone()[0])

    def find_unfinished_jobs(self, last_pk: int) -> list[int]:
        """Return the row numbers of jobs that run, or will run by themselves.

        None of those that came behind a row number, or that are sent to a client.
        """
        rows = self._run("find_unfinished_jobs", last_pk, ENDLESS_LEASE)
        return [pk for (pk,) in rows]

    def find_jobs_kept_by(self, owner: str) -> list[int]:
        """Return the row numbers of the jobs that end with a process."""
        return [pk for (pk,) in self._run("find_jobs_kept_by", owner)]

    def is_job_owner_needed(self, owner: str) -> bool:
        """Tell whether somebody waits in a process, or a job ends with it."""
        return bool(self._run("is_job_owner_needed", owner).fetchone()[0])

    def find_lost_job_owners(self, now: float) -> list[str]:
        """Return the processes whose lease has ended."""
        return [name for (name,) in self._run("find_lost_job_owners", now)]

    def find_wished_jobs(self, owner: str) -> list[str]:
        """Return the ids of the jobs of an owner that are to be left."""
        return [id_ for (id_,) in self._run("find_wished_jobs", owner)]

    def find_job_events(
        self,
        types: Sequence[JobEventType],
        *,
        since: int,
        limit: int,
        to: int | None = None,
        is_backward: bool = False,
    ) -> list[JobEvent]:
        """Return events of some types; see `ReadTransaction.find_changes`."""
        stop = _LAST_SEQ if to is None else to
        bounds = (stop,) if is_backward else (since, stop)
        name = f"find_job_events_{'backward' if is_backward else 'forward'}"
        sql = STATEMENTS[name].format(types=",".join("?" * len(types)))
        values = (*bounds, *(one.value for one in types), limit)
        rows = self._connection.execute(sql, values).fetchall()
        return [
            JobEvent(seq, JobEventType(type_), id_, time)
            for seq, type_, id_, time in (reversed(rows) if is_backward else rows)
        ]

    def last_job_event(self) -> int:
        """Return the number of the last event of a job that ever was, or 0."""
        return int(self._run("find_last_job_event").fetchone()[0])

    def get_job_arguments(self, pk: int) -> str:
        """Return the arguments of a job."""
        return str(self._run("find_job_arguments", pk).fetchone()[0])

    def get_job_user_data(self, pk: int) -> str:
        """Return the user data of a job that has some."""
        return str(self._run("find_job_user_data", pk).fetchone()[0])

    def lookup_job_request(self, key: str) -> tuple[str, str] | None:
        """Return the digest of a request and the id of its job, by its key."""
        found: tuple[str, str] | None = self._run("find_job_request", key).fetchone()
        return found

    def find_job_failures(self, pk: int, limit: int | None = None) -> list[JobFailure]:
        """Return what a job could not do, in order."""
        rows = self._run("find_job_failures", pk, -1 if limit is None else limit)
        return list(map(JobFailure._make, rows))

    def lookup_job_output(self, pk: int, name: str) -> JobOutput | None:
        """Return an output of a job, `None` if it has none of that name."""
        row = self._run("find_job_output", pk, name).fetchone()
        return None if row is None else JobOutput._make(row)

    def is_job_output_latest(self, key: str) -> bool:
        """Tell whether no output was used later than the one with a key."""
        row = self._run("is_job_output_latest", key).fetchone()
        return row is None or bool(row[0])

    def find_kept_keys(self, keys: Iterable[str]) -> set[str]:
        """Return those of some keys that an output of a job needs."""
        rows = self._run("find_kept_keys", orjson.dumps(list(keys)).decode())
        return {key for (key,) in rows}
