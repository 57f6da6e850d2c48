"""Any history of a shop leaves the books right: Hypothesis over booking, payments and refunds."""

from hypothesis import settings

from tests.ips.campaign import Shop

TestShop = Shop.TestCase
TestShop.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
