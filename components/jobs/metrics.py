"""What an operator sees of jobs: a line in the log for each change, counters and histograms by model for Prometheus.

No label names a visitor, a prompt or a key.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from components.jobs.job import Job, JobState

EVENT_LOG = "playground.jobs"
SECONDS = (1, 2, 3, 5, 8, 13, 20, 30, 45, 60, 90, 120, 300, 600)


class Metrics:
    """The metrics of one application, with a registry of its own."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        where: dict[str, Any] = {"registry": self.registry, "namespace": "playground"}
        self.requests = Counter("requests", "POSTs that create a task", ["model", "payer"], **where)
        self.polls = Counter("polls", "GETs of a task", ["model"], **where)
        self.callbacks = Counter("callbacks", "Callbacks with a valid secret", ["model"], **where)
        self.limited = Counter("rate_limits", "Answers with 429", ["model"], **where)
        self.credits = Counter(
            "credits", "Credits of ended jobs, as reported or by the price list", ["model", "payer"], **where
        )
        self.differences = Counter(
            "charge_differences", "Ended jobs that were charged another price than listed", ["model"], **where
        )
        self.jobs = Counter("jobs", "Jobs that reached a state", ["model", "payer", "state"], **where)
        self.trimmed = Counter("pictures_trimmed", "Pictures deleted because all together were above the limit", **where)
        self.active = Gauge("jobs_going", "Jobs that this process works on", **where)
        self.seconds = Histogram(
            "job_seconds", "Seconds from request to kept pictures", ["model", "payer"], buckets=SECONDS, **where
        )

    def changed(self, job: Job) -> None:
        """Count a job that has reached a state."""
        self.jobs.labels(job.model, job.payer, str(job.state)).inc()
        if job.state is JobState.SUBMITTING:
            self.requests.labels(job.model, job.payer).inc()
        if job.state is JobState.DONE:
            self.seconds.labels(job.model, job.payer).observe(job.seconds(job.finished_at or 0.0))
        if job.charge_difference and job.state in (JobState.DONE, JobState.FAILED):
            self.differences.labels(job.model).inc()
        if 0 < job.spent < float("inf"):
            self.credits.labels(job.model, job.payer).inc(job.spent)

    def summary(self) -> dict[str, Any]:
        """For ``/healthz``, since the start: pictures that were trimmed, and by model jobs with another charge than listed."""
        differences = {
            sample.labels["model"]: int(sample.value)
            for metric in self.differences.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }
        trimmed = self.registry.get_sample_value("playground_pictures_trimmed_total") or 0
        return {"pictures_trimmed": int(trimmed), "charge_differences": differences}

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)


def log_change(job: Job, *, with_body: bool) -> None:
    """Log the state of a job as one line of JSON in ASCII, so that no text can forge a line; ``with_body``: what it asks for."""
    now = time.time()
    line = {
        "time": round(now, 3),
        "job": job.id,
        "task": job.task_id,
        "model": job.model,
        "payer": job.payer,
        "state": str(job.state),
        "seconds": round(job.seconds(now), 3),
        "polls": job.polls,
        "credits": job.credits if job.charged is None else job.charged,
    }
    if job.charge_difference:
        line["listed_credits"] = job.credits
    if job.problem:
        line["problem"] = job.problem.code
    if with_body:
        line["body"] = dict(job.body)
    logging.getLogger(EVENT_LOG).info(json.dumps(line))
