"""The CDK app's stacks: a folder for each stack, and a module for each construct.

The construct for other people's CDK apps is `stacks/catalog/catalog.py`, and it stays there: a
later release ships this folder in the wheel as the import package `reinventure_cdk`. Modules here
import each other relatively, so that the package's name is written in no module.
"""
