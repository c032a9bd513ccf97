import gzip
import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import aws_cdk as cdk
import pytest

from reinventure.bucket_list import BucketList
from s3_catalog.model import scope
from s3_catalog.model.scope import Scope
from stacks.settings import worker_instance as instances
from stacks.settings.pipeline_source import Source
from stacks.settings.settings import SettingError, Settings
from stacks.settings.traffic_shift import Shift

DEFAULTS = {
    "stage": "sandbox",
    "key_rotation_days": 365,
    "unconditional_key_use": "",
    "shards": 16,
    "buckets": "create",
    "transport": "lambda",
    "reconcile": "off",
    "max_differences": 100,
    "notify": "",
    "config": "off",
    "trail": "off",
    "kinesis": False,
    "dashboard": False,
    "tracing": False,
    "log_level": "info",
    "totals_depth": 3,
    "totals_window": 60,
    "workers": False,
    "inspect_max_mib": 64,
    "worker_instance": "c7g.large",
    "workers_max": 4,
    "ebs": "gp3",
    "sql": False,
    "sql_max_acu": 4,
    "sql_readers": 0,
    "canary": "LambdaCanary10Percent5Minutes",
    "source": "create:reinventure@main",
    "portfolio_principal": "",
    "local": False,
}


def read_for(region: str | None, **context: object) -> Settings:
    return Settings.from_context(cdk.App(context={**DEFAULTS, **context}).node, region)


def read(**context: object) -> Settings:
    return read_for(None, **context)


def test_json_values_and_values_of_the_command_line_are_read() -> None:
    assert read() == Settings(
        stage="sandbox",
        key_rotation_days=365,
        unconditional_key_use=frozenset(),
        shards=16,
        buckets=BucketList(create=True, attached=Scope(())),
        transport="lambda",
        reconcile="off",
        max_differences=100,
        notify="",
        dashboard=False,
        config="off",
        trail="off",
        kinesis=False,
        tracing=False,
        log_level="info",
        totals_depth=3,
        totals_window=60,
        workers=False,
        inspect_max_mib=64,
        worker_instance="c7g.large",
        workers_max=4,
        ebs="gp3",
        sql=False,
        sql_max_acu=4,
        sql_readers=0,
        canary=Shift("canary", 10, 5),
        source=Source("create", "reinventure", "main"),
        portfolio_principal="",
        local=False,
    )
    assert read(
        stage="production",
        key_rotation_days="90",
        unconditional_key_use="s3,autoscaling",
        shards="256",
        buckets="logs/2026/, create",
        transport="eventbridge",
        reconcile="nightly",
        max_differences="0",
        notify="someone@example.com",
        dashboard="true",
        config="existing",
        trail="create",
        kinesis="true",
        tracing="true",
        log_level="debug",
        totals_depth="0",
        totals_window="300",
        workers="true",
        inspect_max_mib="1",
        worker_instance="c4.8xlarge",
        workers_max="100",
        ebs="io1-20000iops",
        sql="true",
        sql_max_acu="256",
        sql_readers="15",
        canary="off",
        source="codecommit:theirs@next",
        portfolio_principal="arn:aws:iam::123456789012:group/launchers",
        local="true",
    ) == Settings(
        stage="production",
        key_rotation_days=90,
        unconditional_key_use=frozenset({"autoscaling", "s3"}),
        shards=256,
        buckets=BucketList(create=True, attached=scope.parse("logs/2026/")),
        transport="eventbridge",
        reconcile="nightly",
        max_differences=0,
        notify="someone@example.com",
        dashboard=True,
        config="existing",
        trail="create",
        kinesis=True,
        tracing=True,
        log_level="debug",
        totals_depth=0,
        totals_window=300,
        workers=True,
        inspect_max_mib=1,
        worker_instance="c4.8xlarge",
        workers_max=100,
        ebs="io1-20000iops",
        sql=True,
        sql_max_acu=256,
        sql_readers=15,
        canary=None,
        source=Source("codecommit", "theirs", "next"),
        portfolio_principal="arn:aws:iam::123456789012:group/launchers",
        local=True,
    )


def test_the_defaults_of_cdk_json_are_these() -> None:
    context = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
    assert {name: context[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    ("name", "value", "choice"),
    [
        ("stage", "prod", "must be one of sandbox, production"),
        ("stage", None, "must be one of sandbox, production"),
        ("totals_depth", "11", "must be a whole number from 0 to 10"),
        ("totals_window", "0", "must be a whole number from 1 to 300"),
        ("totals_window", "301", "must be a whole number from 1 to 300"),
        ("shards", "0", "must be a whole number from 1 to 256"),
        ("shards", "257", "must be a whole number from 1 to 256"),
        ("shards", "1.5", "must be a whole number from 1 to 256"),
        ("shards", "²", "must be a whole number from 1 to 256"),
        ("buckets", "", "must be a comma-separated list of create, NAME and NAME/PREFIX/"),
        ("buckets", "create,logs/2026", "'logs/2026': must be NAME or NAME/PREFIX/, with a slash"),
        ("transport", "kinesis", "must be one of lambda, sqs, sns, eventbridge"),
        ("transport", None, "must be one of lambda, sqs, sns, eventbridge"),
        ("reconcile", "hourly", "must be one of off, nightly"),
        ("max_differences", "-1", "must be a whole number from 0 to 1000000000"),
        ("notify", "someone", "must be an e-mail address, an https URL, or empty"),
        ("notify", "http://example.com/hook", "must be an e-mail address, an https URL, or empty"),
        ("notify", "a@example.com b@example.com", "must be an e-mail address, an https URL"),
        ("key_rotation_days", "89", "must be a whole number from 90 to 2560"),
        ("key_rotation_days", "2561", "must be a whole number from 90 to 2560"),
        ("unconditional_key_use", "sqs", "must be empty, or some of autoscaling,cloudwatch,events"),
        ("unconditional_key_use", "s3,", "must be empty, or some of autoscaling,cloudwatch,events"),
        ("config", "on", "must be one of off, existing, create"),
        ("trail", "existing", "must be one of off, create, objects"),
        ("kinesis", "yes", "must be one of true, false"),
        ("dashboard", "yes", "must be one of true, false"),
        ("tracing", "Active", "must be one of true, false"),
        ("log_level", "DEBUG", "must be one of info, debug"),
        ("workers", "1", "must be one of true, false"),
        ("inspect_max_mib", "65", "must be a whole number from 1 to 64"),
        ("workers_max", "0", "must be a whole number from 1 to 100"),
        ("worker_instance", "m5.large", "must be one of c4.large, c4.8xlarge, c7g.large"),
        ("ebs", "gp2", "must be one of gp3, io2, gp2-16tb-10000iops, io1-20000iops"),
        ("sql", "1", "must be one of true, false"),
        ("sql_max_acu", "0", "must be a whole number from 1 to 256"),
        ("sql_max_acu", "0.5", "must be a whole number from 1 to 256"),
        ("sql_readers", "16", "must be a whole number from 0 to 15"),
        ("canary", "on", "must be off, canary:PERCENT%/MINUTESm, linear:PERCENT%/MINUTESm, or one"),
        ("canary", "linear:1%/30m", "takes 2970 minutes; CodeDeploy allows 2880"),
        ("source", "github:o/r@main", "must be create:NAME@BRANCH, codecommit:NAME@BRANCH or"),
        ("portfolio_principal", "*", "must be the ARN of a role, user or group, or empty"),
        ("portfolio_principal", None, "must be the ARN of a role, user or group, or empty"),
        ("local", "yes", "must be one of true, false"),
    ],
)
def test_an_invalid_setting_is_refused_with_the_choice(
    name: str, value: object, choice: str
) -> None:
    with pytest.raises(SettingError, match=re.escape(f"setting {name}={value}: {choice}")):
        read(**{name: value})


@pytest.mark.parametrize("buckets", ["create", "create,photos-prod", "photos-prod,logs-prod/2026/"])
def test_any_buckets_can_have_a_mirror(buckets: str) -> None:
    assert read(sql="true", buckets=buckets).sql


@pytest.mark.parametrize(
    ("instance", "ebs", "why"),
    [
        ("c4.large", "io1-20000iops", "it gives 20,000 IOPS, and c4.large can use 4,000 all day"),
        ("c4.large", "gp2-16tb-10000iops", "it gives 10,000 IOPS, and c4.large can use 4,000"),
        ("c4.large", "io2", "it gives 20,000 IOPS, and c4.large can use 4,000 all day"),
        ("c7g.large", "io2", "it gives 20,000 IOPS, and c7g.large can use 3,600 all day"),
    ],
)
def test_a_volume_that_an_instance_cannot_use_is_refused(instance: str, ebs: str, why: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(worker_instance=instance, ebs=ebs)
    assert f"setting ebs={ebs}: {why}" in str(refused.value)
    assert "Choose worker_instance=c4.8xlarge or c7g.4xlarge, or ebs=gp3" in str(refused.value)


@pytest.mark.parametrize("instance", ["c4.8xlarge", "c7g.4xlarge"])
@pytest.mark.parametrize("ebs", ["gp3", "io2", "gp2-16tb-10000iops", "io1-20000iops"])
def test_a_large_instance_can_use_any_volume(instance: str, ebs: str) -> None:
    assert read(worker_instance=instance, ebs=ebs).ebs == ebs


def test_c4_is_refused_in_regions_without_it() -> None:
    where = (
        "setting worker_instance=c4.large: AWS does not offer it in eu-north-1. Choose c7g.large"
    )
    with pytest.raises(SettingError, match=re.escape(where)):
        read_for("eu-north-1", workers=True, worker_instance="c4.large")
    for region in ("us-east-1", "eu-west-1", "eu-central-1", None):
        assert read_for(region, workers=True, worker_instance="c4.large").workers
    # Without workers, what they would run on does not matter.
    assert read_for("me-central-1").worker_instance == "c7g.large"


def test_the_instances_are_as_ec2_describes_them() -> None:
    kept = files("moto") / "ec2" / "resources" / "instance_types.json.gz"
    described = json.loads(gzip.decompress(kept.read_bytes()))
    for name, known in instances.INSTANCES.items():
        theirs = described[name]
        performance = theirs["EbsInfo"]["EbsOptimizedInfo"]
        assert known.vcpus == theirs["VCpuInfo"]["DefaultVCpus"]
        assert known.memory == theirs["MemoryInfo"]["SizeInMiB"]
        assert known.arm == (theirs["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"])
        assert known.iops == performance["BaselineIops"]


def test_the_instances_have_the_regions_of_the_price_list() -> None:
    schemas = files("cfnlint") / "data" / "schemas" / "extensions"
    listed = json.loads((schemas / "aws_ec2_instance" / "instancetype_enum.json").read_text())
    regions = {name: set(each["enum"]) for name, each in listed.items() if re.search(r"\d", name)}
    assert len(regions) > 30
    for name in instances.INSTANCES:
        for region, offered in regions.items():
            if name in offered:
                instances.check_region(name, region)
            else:
                with pytest.raises(ValueError, match=f"AWS does not offer it in {region}"):
                    instances.check_region(name, region)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("transprot", "Did you mean transport?"),
        ("worker-instance", "Did you mean worker_instance?"),
        ("canery", "Did you mean canary?"),
        ("Stage", "Did you mean stage?"),
        ("TRANSPORT", "Did you mean transport?"),
        ("zzz", "Settings are stage, key_rotation_days, unconditional_key_use, shards, "),
    ],
)
def test_an_unknown_setting_is_refused_with_the_closest_name(name: str, advice: str) -> None:
    with pytest.raises(SettingError, match=re.escape(f"setting {name} is unknown. {advice}")):
        read(**{name: "1"})


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ({"transprot": "sqs"}, "setting transprot is unknown. Did you mean transport?"),
        ({"transport": "sqss"}, "setting transport=sqss: must be one of lambda, sqs, sns, "),
        ({"transport": "a\nb\x1b"}, r"setting transport=a\nb\x1b: must be one of lambda, "),
        ({"shards": "9" * 5000}, "setting shards=999"),
        ({"shards": ["1"]}, "setting shards=['1']: must be a whole number from 1 to 256"),
        ({"x\ny": "1"}, r"setting x\ny is unknown. Settings are stage, "),
        ({"minimum_size": 1}, "setting minimum_size was removed in 1.0, "),
    ],
)
def test_the_app_prints_a_mistake_in_one_line(context: dict[str, object], line: str) -> None:
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=root,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps({**DEFAULTS, **context})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"reinventure: {line}")
    assert ended.stderr.count("\n") == 1


def test_a_removed_setting_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingError) as refused:
        read(minimum_size=1024)
    assert str(refused.value) == (
        "setting minimum_size was removed in 1.0, because a catalog without the small objects is "
        "not correct. Remove it from the context; with buckets=NAME/PREFIX/ a catalog has a part "
        "of an existing bucket."
    )


@pytest.mark.parametrize(
    "name",
    [
        "@aws-cdk/core:validateAgainstDefaultRules",
        "@aws-cdk-containers/ecs-service-extensions:enableDefaultLogDriver",
        "aws-cdk:enableDiffNoFail",
        "aws-cdk:enable-diff-no-fail",
        "aws:cdk:enable-path-metadata",
        "aws:cdk:bundling-stacks",
        "availability-zones:account=123456789012:region=eu-west-1",
        "vpc-provider:account=123456789012:filter.vpc-id=vpc-1:region=eu-west-1",
        "ssm:account=123456789012:parameterName=/a/b:region=eu-west-1",
        "acknowledged-issue-numbers",
        "analyticsReporting",
        "cdk-migrate",
        "cli-telemetry",
        "tree",
        "versionReporting",
    ],
)
def test_context_of_the_cdk_is_no_setting(name: str) -> None:
    assert read(**{name: True}) == read()


def test_the_context_of_cdk_json_is_accepted() -> None:
    context = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
    assert Settings.from_context(cdk.App(context=context).node) == read()


@pytest.mark.parametrize("value", [True, "true"])
def test_the_old_name_of_local_is_accepted_with_a_warning(value: object) -> None:
    app = cdk.App(context={**DEFAULTS, "laptop": value})
    assert Settings.from_context(app.node).local
    [warning] = [entry for entry in app.node.metadata if entry.type == "aws:cdk:warning"]
    assert "The setting `laptop` is now called `local`" in str(warning.data)


def test_the_new_name_of_local_gives_no_warning() -> None:
    app = cdk.App(context={**DEFAULTS, "local": "true"})
    assert Settings.from_context(app.node).local
    assert not app.node.metadata
