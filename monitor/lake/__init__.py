"""Committed deliveries as columnar facts, and the engines that read them behind one face.

One Parquet file per committed delivery holds its facts, another the keys of earlier facts that it ends.
Nobody's name, ID number or phone is here: people are known by ``people.id`` alone.
"""

from monitor.lake.duck import UNABLE
from monitor.lake.engine import Engine
from monitor.lake.manifest import DeliveryRef, Manifest, digest, standing
from monitor.lake.store import Lake, Written
from monitor.lake.view import View

__all__ = ["UNABLE", "DeliveryRef", "Engine", "Lake", "Manifest", "View", "Written", "digest", "standing"]
