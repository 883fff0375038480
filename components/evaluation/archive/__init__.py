"""An evaluation as a ZIP that another installation reads: ``zipped`` writes and reads it, ``unpacking`` bounds
what is unpacked, ``manifest`` says what its description may hold."""

from components.evaluation.archive.zipped import archive, picture_name, restore

__all__ = ["archive", "picture_name", "restore"]
