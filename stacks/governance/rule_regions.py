"""Regions where AWS Config lacks a managed rule: creating it there fails."""

MISSING = {
    "DYNAMODB_PITR_ENABLED": frozenset(
        {
            *("ap-east-2", "ap-southeast-5", "ap-southeast-7", "cn-north-1", "cn-northwest-1"),
            *("mx-central-1", "us-gov-east-1", "us-gov-west-1"),
        }
    ),
    "KMS_CMK_NOT_SCHEDULED_FOR_DELETION": frozenset({"ap-east-2", "ap-southeast-6", "eu-south-1"}),
    "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED": frozenset({"cn-northwest-1"}),
    "RDS_CLUSTER_ENCRYPTED_AT_REST": frozenset(
        {
            *("ap-east-2", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1"),
            *("cn-north-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1"),
        }
    ),
}
"""Regions by the identifier of a rule. The other rules of the controls are in every region.

From "AWS Region" on the page of each rule ("List of AWS Config Managed Rules", AWS Config Developer
Guide, editions of 2025 and 2026). Where editions differ, a region is here if the newest one that
was read lists it; for `RDS_CLUSTER_ENCRYPTED_AT_REST`, if any does, because its pages disagree. A
rule that is left out although the region has it is a missing check; the reverse is a deployment
that fails.
"""
