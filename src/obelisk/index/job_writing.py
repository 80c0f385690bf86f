"""What can be changed about jobs."""

from collections.abc import Iterable, Sequence

import orjson

from obelisk.index.job_records import JobFailure, JobOutput, JobRow, NewJob
from obelisk.index.reading import ReadTransaction
from obelisk.index.statements import STATEMENTS


class JobWriting(ReadTransaction):
    """The part of a `WriteTransaction` that is about jobs.

    Which change is allowed in which state is for others to know.
    """

    def insert_job(self, new: NewJob) -> int:
        """Add a pending job behind all others; return its row number."""
        pk = self._run(
            "insert_job",
            new.id,
            new.type,
            new.priority,
            new.destination,
            new.content,
            new.retry_policy,
            new.is_permissive,
            new.keeper,
            new.is_auto_deleted,
            new.created_at,
            new.user_data is not None,
            new.trace,
        ).lastrowid
        assert pk is not None
        self._run("insert_job_input", pk, new.arguments, new.user_data)
        return pk

    def insert_job_request(self, pk: int, key: str, digest: str) -> None:
        """Remember which request a job comes from."""
        self._run("insert_job_request", key, digest, pk)

    def update_job(self, pk: int, **columns: object) -> None:
        """Give columns of a job new values, and count the change."""
        names = ", ".join(f"{name} = ?" for name in columns)
        sql = STATEMENTS["update_job"].format(columns=names)
        self._connection.execute(sql, (*columns.values(), pk))

    def claim_job(
        self, owner: str, now: float, lease_until: float, share: int
    ) -> JobRow | None:
        """Let an owner run the job whose turn it is; return it, if there is one.

        Parameters
        ----------
        owner
            Who runs it.
        now
            The present time.
        lease_until
            When others may take the job, unless the lease is renewed.
        share
            How many jobs of one destination an owner runs at the same time.
        """
        found = self._run("find_claimable_job", owner, share).fetchone()
        if found is None:
            return None
        (pk,) = found
        self._run("claim_job", owner, lease_until, now, pk)
        return self.lookup_job_by_pk(pk)

    def renew_leases(self, claims: Iterable[JobRow], lease_until: float) -> None:
        """Let owners keep the jobs that they still have for some more time."""
        for claim in claims:
            self._run("renew_lease", lease_until, claim.pk, claim.owner, claim.fence)

    def next_job_sequence(self) -> int:
        """Return the place behind all other jobs."""
        return int(self._run("next_job_sequence").fetchone()[0])

    def replace_job_arguments(self, pk: int, arguments: str) -> None:
        """Give a job other arguments."""
        self._run("replace_job_arguments", arguments, pk)

    def add_job_failures(
        self, pk: int, first: int, failures: Sequence[JobFailure]
    ) -> None:
        """Note what a job could not do; `first` is the position of the first one."""
        for position, failure in enumerate(failures, first):
            self._run("insert_job_failure", pk, position, *failure)

    def clear_job_failures(self, pk: int) -> None:
        """Forget what a job could not do."""
        self._run("clear_job_failures", pk)

    def add_job_outputs(self, pk: int, outputs: Sequence[JobOutput]) -> None:
        """Give files to a job, which are in the storage area already."""
        for output in outputs:
            self._run("insert_job_output", pk, *output)

    def add_job_files(self, pk: int, keys: Sequence[str]) -> None:
        """Let a job work on files, which are in the storage area already."""
        for key in keys:
            self._run("insert_job_file", key, pk)

    def delete_job_files(self, pk: int) -> list[str]:
        """Take from a job what it works on; return the keys of files to be removed."""
        keys = [key for (key,) in self._run("delete_job_files", pk)]
        for key in keys:
            self._run("insert_removal", key)
        return keys

    def delete_job_outputs(self, pk: int, name: str | None = None) -> list[str]:
        """Take an output from a job, or all; return the keys of files to be removed."""
        keys = [key for (key,) in self._run("delete_job_outputs", pk, name)]
        for key in keys:
            self._run("insert_removal", key)
        return keys + self._released(keys)

    def _released(self, holders: list[str]) -> list[str]:
        return [key for holder in holders for key in self.release_files(holder)]

    def keep_files(self, holder: str, files: Sequence[tuple[int, str]]) -> bool:
        """Let the files of instances outlive these until they are released.

        Parameters
        ----------
        holder
            Who needs them.
        files
            The row numbers of the instances, and the keys of their files.

        Returns
        -------
        bool
            Whether all of them are the files of their instances; they are kept only
            then.
        """
        listed = orjson.dumps(files).decode()
        if self._run("keep_files", holder, listed).rowcount == len(files):
            return True
        self._run("release_files", holder)
        return False

    def release_files(self, holder: str) -> list[str]:
        """Let go the files that were kept for a holder.

        Returns
        -------
        list
            The keys of those that are to be removed now.
        """
        keys = [key for (key,) in self._run("find_released_keys", holder)]
        self._run("release_files", holder)
        return keys

    def forget_holders(self) -> None:
        """Let go the files that are kept for an output that never came to be."""
        self._run("forget_holders")

    def use_job_output(self, key: str) -> None:
        """Note that an output was used later than all others."""
        self._run("use_job_output", key)

    def delete_old_outputs(self, name: str, kept_count: int) -> list[str]:
        """Take outputs of one name from all jobs but those that were used last.

        Returns
        -------
        list
            The keys of files to be removed.
        """
        pks = [pk for (pk,) in self._run("find_old_outputs", name, kept_count)]
        return [key for pk in pks for key in self.delete_job_outputs(pk, name)]

    def delete_job(self, pk: int) -> list[str]:
        """Delete a job; return the keys of files to be removed."""
        files = self.delete_job_files(pk)
        keys = [key for (key,) in self._run("find_job_output_keys", pk)]
        self._run("delete_job", pk)
        return files + keys + self._released(keys)

    def prune_jobs(self, history_size: int) -> list[str]:
        """Delete the jobs that completed first, but for `history_size` of them.

        Jobs that somebody waits for stay, and do not count. The answer holds the keys
        of files to be removed.
        """
        surplus = self._run("count_completed_jobs").fetchone()[0] - history_size
        if surplus <= 0:
            return []
        oldest = self._run("find_oldest_completed_jobs", surplus).fetchall()
        return [key for (pk,) in oldest for key in self.delete_job(pk)]

    def keep_job_owner(self, owner: str, lease_until: float) -> None:
        """Let a process stay one that others count on, until some time at least."""
        self._run("keep_job_owner", owner, lease_until)

    def add_job_waiter(self, pk: int, owner: str) -> None:
        """Note that somebody in a process waits for a job."""
        self._run("insert_job_waiter", pk, owner)

    def delete_job_waiter(self, pk: int, owner: str) -> None:
        """Note that one less waits, if there is one."""
        self._run("delete_job_waiter", owner, pk)

    def delete_job_owner(self, owner: str) -> list[int]:
        """Forget a process and those who wait in it; return the jobs they wait for."""
        pks = [pk for (pk,) in self._run("find_jobs_awaited_by", owner)]
        self._run("delete_job_waiters_of", owner)
        self._run("delete_job_owner", owner)
        return pks

    def clear_job_events(self) -> None:
        """Forget what happened to jobs; numbers go on where they were."""
        self._run("clear_job_events")
