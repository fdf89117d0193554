"""The model of throughput: time is work over speed, and work is counted in floating-point operations.

A model of P parameters does 2 P operations for each token it reads or writes and 6 P for each token it is trained on
(Kaplan et al. 2020, section 2.1; attention over long contexts comes on top and is left out). A device reads (prefill),
writes (decode, many requests at once) and trains at three speeds. Speeds of several devices add up, which is too
good where they have to talk to each other over a slow network.

| device | prefill | decode | training | where from |
|---|---|---|---|---|
| cpu-2core | 0.50 T | 0.12 T | 0.43 T | measured: two cores (Zen 5, bfloat16), SmolLM2-135M, recipe smollm2-cpu |
| a100 | 125 T | 16 T | 109 T | assumed: 40 %, 5 % and 35 % of the 312 T that the vendor states for dense bfloat16 |
| h100 | 396 T | 49 T | 346 T | assumed: the same shares of 989 T |

The CPU's speeds are 1,850 tokens/s read, 450 written at temperature 0.7 and 530 trained on. Single stages of the
measured run read between 1,560 and 2,050 tokens/s, so one constant for all of them cannot be exact. Nothing has been
measured on the other devices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ste_plugin.errors import UserError

SMOLLM2 = 134.5e6


@dataclass(frozen=True, slots=True)
class Device:
    """Floating-point operations a second, of one device. `measured`: by a run of ste, else an assumption."""

    name: str
    prefill: float
    decode: float
    train: float
    measured: bool


DEVICES: dict[str, Device] = {
    device.name: device
    for device in (
        Device("cpu-2core", 2 * SMOLLM2 * 1850, 2 * SMOLLM2 * 450, 6 * SMOLLM2 * 530, True),
        Device("a100", 0.40 * 312e12, 0.05 * 312e12, 0.35 * 312e12, False),
        Device("h100", 0.40 * 989e12, 0.05 * 989e12, 0.35 * 989e12, False),
    )
}


def device_named(name: str) -> Device:
    """The device `name`; UserError with all names where there is none."""
    if name not in DEVICES:
        raise UserError(f"unknown device '{name}'; there are {', '.join(DEVICES)}")
    return DEVICES[name]


def parameters(size: str) -> float:
    """ "135M", "8B", "70b": the number of parameters. Raises UserError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MB])", size.strip(), re.IGNORECASE)
    if found is None or float(found[1]) == 0:
        raise UserError(f"model size '{size}': write it as 135M or 8B")
    return float(found[1]) * (1e6 if found[2].upper() == "M" else 1e9)
