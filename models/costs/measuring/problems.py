"""What ends a measurement, or one of its points, with a sentence."""


class MeasuringError(Exception):
    """Something that cannot be measured, or not into this file; says why."""


class BusyError(Exception):
    """Another process measures."""
