"""What every test can use: the real tools and the fixtures that start them."""

pytest_plugins = ["pytester", "tests.real.plugin", "tests.e2e.cluster.plugin"]
