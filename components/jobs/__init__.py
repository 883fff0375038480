"""What was asked and what became of it: records, their store, the runner, and the pictures that are kept."""

from components.jobs.database import Database, open_database
from components.jobs.pictures import PictureStore
from components.jobs.records import Caps, Job, JobState, KeptPicture, Measured, Spend
from components.jobs.runner import Runner
from components.jobs.store import Store

__all__ = [
    "Caps",
    "Database",
    "Job",
    "JobState",
    "KeptPicture",
    "Measured",
    "PictureStore",
    "Runner",
    "Spend",
    "Store",
    "open_database",
]
