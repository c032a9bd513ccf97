"""Instance types and volumes that workers may have: what AWS says of them, and which fit together.

Processors, memory and baseline EBS performance are what EC2's DescribeInstanceTypes answers (moto
5.2.5 keeps a copy, and a test compares); regions are those of AWS's price list, as cfn-lint 1.58.0
has them (2026-10-20; a test compares). Volumes: the EBS User Guide, "Amazon EBS volume types", read
in November 2026.
"""

from dataclasses import dataclass

_C4_REGIONS = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1"),
        *("ap-southeast-2", "ca-central-1", "cn-north-1", "cn-northwest-1", "eu-central-1"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2"),
        *("us-gov-west-1", "us-west-1", "us-west-2"),
    }
)
"""A previous generation goes to no new region, so these are all."""


@dataclass(frozen=True)
class Instance:
    """An EC2 instance type.

    `iops` are what its way to EBS takes all day; some take more for half an hour a day. `memory` is
    MiB. It is offered `only_in` these regions, if any are named, and not in those that it is
    `missing_from`.
    """

    vcpus: int
    memory: int
    arm: bool
    iops: int
    only_in: frozenset[str] = frozenset()
    missing_from: frozenset[str] = frozenset()


_NOT_C7G = frozenset({"ap-southeast-4", "me-central-1"})
_NOT_C7I = frozenset({"cn-north-1", "cn-northwest-1", "me-south-1"})

INSTANCES = {
    "c4.large": Instance(2, 3_840, False, 4_000, only_in=_C4_REGIONS),
    "c4.8xlarge": Instance(36, 61_440, False, 32_000, only_in=_C4_REGIONS),
    "c7g.large": Instance(2, 4_096, True, 3_600, missing_from=_NOT_C7G),
    "c7g.4xlarge": Instance(16, 32_768, True, 20_000, missing_from=_NOT_C7G),
    "c7i.large": Instance(2, 4_096, False, 3_600, missing_from=_NOT_C7I),
}
"""The two of 2014's announcement, and today's. `c4` needs x86 images, and has no Nitro."""


@dataclass(frozen=True)
class Volume:
    """An EBS volume type, as scratch space of an instance.

    `gib` is its size and `iops` what it is to give. Only where these `are_set` does a template say
    so; elsewhere they follow from the type and the size. `mib_per_second` is set for gp3 alone.
    """

    type: str
    gib: int
    iops: int
    iops_are_set: bool = True
    mib_per_second: int | None = None


VOLUMES = {
    "gp3": Volume("gp3", 100, 3_000, mib_per_second=125),
    "io2": Volume("io2", 400, 20_000),
    # Announced with 10,000 IOPS; the same volume gives 16,000 by now, to an instance that takes it.
    "gp2-16tb-10000iops": Volume("gp2", 16_384, 10_000, iops_are_set=False),
    # Its other figure was 16 TB, but only the IOPS need that many GiB: 50 of them each.
    "io1-20000iops": Volume("io1", 400, 20_000),
}
"""Today's two, and the two of 2014's announcement."""


def check(instance: str, volume: str) -> None:
    """Raise ValueError if an `instance` cannot use what a `volume` gives, and is paid for."""
    able, wanted = INSTANCES[instance].iops, VOLUMES[volume].iops
    if able < wanted:
        fitting = [name for name, each in INSTANCES.items() if each.iops >= wanted]
        raise ValueError(
            f"it gives {wanted:,} IOPS, and {instance} can use {able:,} all day. "
            f"Choose worker_instance={' or '.join(fitting)}, or ebs=gp3"
        )


def check_region(instance: str, region: str) -> None:
    """Raise ValueError if AWS does not offer an `instance` in `region`."""
    known = INSTANCES[instance]
    if region in known.missing_from or (known.only_in and region not in known.only_in):
        others = [
            name
            for name, each in INSTANCES.items()
            if region not in each.missing_from and (not each.only_in or region in each.only_in)
        ]
        instead = " or ".join(others) or "another region"
        raise ValueError(f"AWS does not offer it in {region}. Choose {instead}")
