"""The shipped roles are the rules that are asked for, and hold nothing that is not."""

from pathlib import Path

import yaml

from wizard.cluster.objects.rbac import RULES, cluster_role, role

FILE = Path(__file__).parents[2] / "assets" / "manifests" / "rbac.yaml"


def test_the_file_is_what_is_asked_for() -> None:
    assert list(yaml.safe_load_all(FILE.read_text(encoding="utf-8"))) == [cluster_role(), role("opencost-ai")]


def test_no_secret_of_another_namespace_can_be_read() -> None:
    wide = {verb for rule in RULES if rule.wide and rule.resource == "secrets" for verb in rule.verbs}
    assert wide == {"create", "patch"}
    assert not any("*" in (rule.group, rule.resource, *rule.verbs) for rule in RULES)
