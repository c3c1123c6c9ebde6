"""Alerts and dashboard of deploy/monitoring: parsed and tested by promtool, by metrics that a gateway tells alone.

    monitoring.py PROMTOOL
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
MONITORING = DEPLOY / "monitoring"
# Of every target: https://prometheus.io/docs/concepts/jobs_instances/
EVERYWHERE = {"job", "instance"}
WORDS = {"by", "without", "on", "ignoring", "and", "or", "unless", "group_left", "group_right", "offset", "bool"}


def table():
    """Labels of each metric, by the table of the page."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*)\| ([^|]*)\|$", (MONITORING / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    metrics = {"up": set()}
    for name, labels, what in rows:
        labels = {label.strip() for label in labels.split(",") if label.strip()}
        if what.startswith("histogram"):
            metrics |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
        else:
            metrics[name] = labels
    return metrics


def names(expression, metrics):
    """Fails where an expression has a metric or a label that is not told."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\[[^]]*\]", "", bare)
    known = set(EVERYWHERE)
    for metric, matchers in re.findall(r"\b([a-z_][a-z0-9_]*)\{([^}]*)\}", bare):
        assert metric in metrics, f"{metric} is not in the table of deploy/monitoring/README.md: {expression}"
        known |= metrics[metric]
        used = set(re.findall(r"(\w+)\s*[=!]", matchers))
        assert used <= metrics[metric] | EVERYWHERE, f"{metric} has no label {used - metrics[metric] - EVERYWHERE}: {expression}"
        assert "job" in used, f"{metric} is not limited to our job: {expression}"
    grouped = {label.strip() for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", bare) for label in labels.split(",")}
    assert grouped <= known, f"no metric has the labels {grouped - known}: {expression}"
    left = re.sub(r"\b[a-z_][a-z0-9_]*\{[^}]*\}|\b(?:by|on) \([^)]*\)", "", bare)
    left = re.sub(r"\b[a-z_][a-z0-9_]*(?=\s*\()", "", left)
    stray = set(re.findall(r"\b[a-z_]\w*", left)) - WORDS
    assert not stray, f"metrics without a matcher: {stray}: {expression}"


def run(*command, folder):
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr


def dashboard():
    """Every expression, with Grafana's variables replaced by what they may be."""
    page = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    panels = page["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m").replace("$cell", ".*")


def scaling():
    for trigger in yaml.safe_load((DEPLOY / "kubernetes/autoscaling/scaled-object.yaml").read_text(encoding="utf-8"))["spec"]["triggers"]:
        yield "autoscaling", trigger["metadata"]["query"]


def main(promtool):
    metrics = table()
    assert len(metrics) > 50, "the table can't be read any more"
    text = (MONITORING / "rules.yaml").read_text(encoding="utf-8")
    # As its first lines say.
    plain = "\n".join(line[2:] for line in text.split("\nspec:\n")[1].splitlines()) + "\n"
    groups = yaml.safe_load(plain)["groups"]
    assert groups == yaml.safe_load(text)["spec"]["groups"]
    alerts = [rule for group in groups for rule in group["rules"]]
    for alert in alerts:
        names(alert["expr"], metrics)
    others = [*dashboard(), *scaling()]
    for _, expression in others:
        names(expression, metrics)

    tests = yaml.safe_load((MONITORING / "rules-test.yaml").read_text(encoding="utf-8"))["tests"]
    checks = [check for test in tests for check in test["alert_rule_test"]]
    for alert in alerts:
        told = [bool(check["exp_alerts"]) for check in checks if check["alertname"] == alert["alert"]]
        assert True in told, f"{alert['alert']} is nowhere told in rules-test.yaml"
        assert False in told, f"{alert['alert']} is nowhere silent in rules-test.yaml"

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "glm-rules.yaml").write_text(plain)
        (folder / "rules-test.yaml").write_text((MONITORING / "rules-test.yaml").read_text(encoding="utf-8"))
        recorded = [{"record": f"parsed:{number}", "expr": expression} for number, (_, expression) in enumerate(others)]
        (folder / "parsed.yaml").write_text(json.dumps({"groups": [{"name": "others", "rules": recorded}]}))
        run(promtool, "check", "rules", "glm-rules.yaml", "parsed.yaml", folder=folder)
        run(promtool, "test", "rules", "rules-test.yaml", folder=folder)


main(*sys.argv[1:])
