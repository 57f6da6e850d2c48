"""The key that messages to a virtual bank have their code under, unless a plan names another."""

from typing import Final

TEST_KEY: Final = "0123456789ABCDEFFEDCBA9876543210"
