"""The settings `worker_instance` and `ebs`: instance types and volumes of the workers.

Processors, memory and baseline EBS performance are from EC2's DescribeInstanceTypes (moto 5.2.5 has
a copy, and a test compares); regions from AWS's price list, as in cfn-lint 1.58.0 (2026-10-20; a
test compares). Volumes: the EBS User Guide, "Amazon EBS volume types", of November 2026.
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
"""All regions with C4: a previous generation is not added to new regions."""


@dataclass(frozen=True)
class Instance:
    """An EC2 instance type.

    `iops` is the baseline of its EBS performance; some types burst for half an hour a day. `memory`
    is in MiB. AWS offers it `only_in` these regions, if any are named, and not in `missing_from`.
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
"""The two of the announcement of 2014, and current ones. C4 needs x86 images and has no Nitro."""


@dataclass(frozen=True)
class Volume:
    """An EBS volume type, as scratch space of an instance.

    `gib` is its size, `iops` its performance. The template has `iops` where `iops_are_set`;
    elsewhere they follow from type and size. `mib_per_second` is for gp3 alone.
    """

    type: str
    gib: int
    iops: int
    iops_are_set: bool = True
    mib_per_second: int | None = None


VOLUMES = {
    "gp3": Volume("gp3", 100, 3_000, mib_per_second=125),
    "io2": Volume("io2", 400, 20_000),
    # Announced with 10,000 IOPS; today the same volume has 16,000.
    "gp2-16tb-10000iops": Volume("gp2", 16_384, 10_000, iops_are_set=False),
    # Announced with 16 TB; 20,000 IOPS need 400 GiB, at 50 IOPS per GiB.
    "io1-20000iops": Volume("io1", 400, 20_000),
}
"""Two current ones, and the two of the announcement of 2014."""


def check(instance: str, volume: str) -> None:
    """Raise ValueError if an `instance` cannot use the IOPS that a `volume` is paid for."""
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
