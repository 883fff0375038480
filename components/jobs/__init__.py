"""What was asked and what became of it: records, their store, the runner, and the pictures that are kept."""

from components.jobs.pictures import PictureStore
from components.jobs.records import Caps, Job, JobState, KeptPicture
from components.jobs.runner import Runner
from components.jobs.store import MemoryStore, Store

__all__ = ["Caps", "Job", "JobState", "KeptPicture", "MemoryStore", "PictureStore", "Runner", "Store"]
