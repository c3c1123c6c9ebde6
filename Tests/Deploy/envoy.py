"""Envoy takes deploy/envoy, and what it says of itself is in the manifests for Envoy Gateway, too.

    envoy.py ENVOY
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import yaml

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"


def main(envoy):
    text = (DEPLOY / "envoy/envoy.yaml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=glm"]
        subprocess.run([*request, "-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.crt"], check=True, capture_output=True)
        shutil.copy(f"{folder}/tls.crt", f"{folder}/ca.crt")
        for name in ("grpc", "http"):
            shutil.copy(DEPLOY / f"envoy/{name}.yaml", folder)
        file = pathlib.Path(folder, "envoy.yaml")
        file.write_text(text.replace("/etc/envoy", folder))
        result = subprocess.run([envoy, "--mode", "validate", "-c", file], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        # What --mode validate takes and warns of.
        assert "deprecated" not in result.stderr, result.stderr

    static = yaml.safe_load(text)["static_resources"]
    manager = static["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    retry = manager["route_config"]["virtual_hosts"][0]["retry_policy"]
    policy = yaml.safe_load((DEPLOY / "kubernetes/envoy-gateway/traffic.yaml").read_text(encoding="utf-8"))["spec"]
    assert retry["retry_on"].split(",") == policy["retry"]["retryOn"]["triggers"]
    assert retry["num_retries"] == policy["retry"]["numRetries"]
    assert retry["retriable_status_codes"] == policy["retry"]["retryOn"]["httpStatusCodes"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        assert route["route"]["timeout"] == "0s"

    assert [cluster["name"] for cluster in static["clusters"]] == ["grpc", "http"]
    for cluster in static["clusters"]:
        name = cluster["name"]
        assert cluster["eds_cluster_config"]["eds_config"]["path_config_source"]["path"] == f"/etc/envoy/{name}.yaml"
        # Envoy takes one from a file.
        (resource,) = yaml.safe_load((DEPLOY / f"envoy/{name}.yaml").read_text(encoding="utf-8"))["resources"]
        assert resource["cluster_name"] == name
        outliers, passive = cluster["outlier_detection"], policy["healthCheck"]["passive"]
        assert outliers["consecutive_gateway_failure"] == passive["consecutiveGatewayErrors"]
        assert outliers["max_ejection_percent"] == passive["maxEjectionPercent"]


main(*sys.argv[1:])
