"""The program that inspects large objects: an ECS task."""
