"""The smallest useful CDK app: one encrypted, versioned bucket."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

app = cdk.App()
stack = cdk.Stack(app, "OneBucket")
s3.Bucket(stack, "Bucket", versioned=True, encryption=s3.BucketEncryption.KMS)
app.synth()
