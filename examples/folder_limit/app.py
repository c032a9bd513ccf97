"""The stack FolderLimit: a function that reads the size of a folder, and an alarm on it."""

from pathlib import Path

from aws_cdk import App, Duration, Fn, Stack
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator, Metric, TreatMissingData
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_events import Rule, Schedule
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_lambda import Architecture, Code, Function, Runtime
from aws_cdk.aws_sns import Topic

app = App()
stack = Stack(app, "FolderLimit")
folder, limit = app.node.get_context("folder"), int(app.node.get_context("bytes"))
bucket = app.node.try_get_context("bucket") or Fn.get_stack_output("Catalog", "BucketName")
outputs = {"TABLE": "TotalsTableName", "DEPTH": "TotalsDepth", "SHARDS": "Shards"}
read = {name: Fn.get_stack_output("Catalog", output) for name, output in outputs.items()}

function = Function(
    stack,
    "Function",
    runtime=Runtime.PYTHON_3_13,
    architecture=Architecture.ARM_64,
    code=Code.from_inline((Path(__file__).parent / "folder_limit.py").read_text()),
    handler="index.handler",
    environment={"BUCKET": bucket, "FOLDER": folder, **read},
    timeout=Duration.seconds(30),
)
table = stack.format_arn(service="dynamodb", resource="table", resource_name=read["TABLE"])
ours = {"StringEqualsIfExists": {"cloudwatch:namespace": "Folders"}}
for action, resource, only in (
    ("dynamodb:GetItem", table, None),
    ("kms:Decrypt", Fn.get_stack_output("Catalog", "DataKeyArn"), None),
    ("cloudwatch:PutMetricData", "*", ours),
):
    allowed = PolicyStatement(actions=[action], resources=[resource], conditions=only)
    function.add_to_role_policy(allowed)
minute = Duration.minutes(1)
Rule(stack, "Minutes", schedule=Schedule.rate(minute), targets=[LambdaFunction(function)])

url = f"s3://{bucket}/{folder}"
size = Metric(
    namespace="Folders",
    metric_name="Size",
    dimensions_map={"Folder": url},
    statistic="Maximum",
    period=minute,
)
alarm = Alarm(
    stack,
    "Limit",
    metric=size,
    threshold=limit,
    comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluation_periods=1,
    treat_missing_data=TreatMissingData.IGNORE,
    alarm_description=f"{url} has more than {limit:,} bytes",
)
notices = Topic.from_topic_arn(stack, "Notices", Fn.get_stack_output("Catalog", "AlarmsTopicArn"))
for act in (alarm.add_alarm_action, alarm.add_ok_action):
    act(SnsAction(notices))
app.synth()
