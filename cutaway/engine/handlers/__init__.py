"""What answers the requests of each area; importing this package enters them all into the routes."""

from cutaway.engine.handlers import archives, attaching, building, containers, execs, image_transfer, images, networks, system, volumes

__all__ = ["archives", "attaching", "building", "containers", "execs", "image_transfer", "images", "networks", "system", "volumes"]
