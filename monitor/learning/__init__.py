"""What a model may learn from: households as they were known on a date, and what was found of them afterwards."""

from monitor.learning.features import Features, assemble, build
from monitor.learning.known import Archive, Known, archive, known
from monitor.learning.labels import Labels, label

__all__ = ["Archive", "Features", "Known", "Labels", "archive", "assemble", "build", "known", "label"]
