"""The manifests of deploy/kubernetes, built as an operator builds them, against the schemas of Kubernetes and of custom resources, and what
their comments promise.

    manifests.py KUBECTL [CRDS]
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).resolve().parent
DEPLOY = HERE.parents[1] / "deploy"
sys.path.insert(0, str(DEPLOY / "ascend"))
import estimate  # noqa: E402

KUBERNETES = "1.37"
COMPONENTS = {
    "cpu": ["envoy-gateway", "autoscaling", "shared-jobs"],
    "ascend": ["driver-mounts", "envoy-gateway", "autoscaling", "shared-jobs"],
}
CUSTOM = json.loads((HERE / "custom-resources.json").read_text(encoding="utf-8"))


def build(kubectl, folder):
    result = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True)
    assert result.returncode == 0, f"{folder}: {result.stderr}"
    return list(yaml.safe_load_all(result.stdout))


def variants(kubectl):
    """Each overlay as it is, with each optional component, and with all of them."""
    with tempfile.TemporaryDirectory() as copy:
        copy = pathlib.Path(copy)
        for name in ("kubernetes", "monitoring"):
            shutil.copytree(DEPLOY / name, copy / name)
        for overlay, optional in COMPONENTS.items():
            for number, chosen in enumerate([[], *[[name] for name in optional], optional]):
                folder = copy / "kubernetes" / f"{overlay}-{number}"
                folder.mkdir()
                components = [f"../{name}" for name in chosen]
                (folder / "kustomization.yaml").write_text(json.dumps({"resources": [f"../{overlay}"], "components": components}))
                yield f"{overlay} with {', '.join(chosen) or 'nothing more'}", build(kubectl, folder)


def validate(resource, published):
    kind = resource["kind"]
    if kind not in CUSTOM["versions"]:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)
        return
    assert resource["apiVersion"] == CUSTOM["versions"][kind], f"{kind}: {resource['apiVersion']}"
    schema = {
        "type": "object", "required": ["spec"], "additionalProperties": False,
        "properties": {
            "apiVersion": {}, "kind": {}, "metadata": {"$ref": "#/$defs/metadata"}, "spec": {"$ref": f"#/$defs/{kind}"},
        },
        "$defs": CUSTOM["$defs"],
    }  # fmt: skip
    jsonschema.validate(resource, schema)
    if published:
        jsonschema.validate(resource["spec"], published[kind, resource["apiVersion"]])


def closed(schema):
    """The same schema, with fields that it does not name refused."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    # Patterns are those of Go, some of which are none here.
    schema = {key: value for key, value in schema.items() if key != "pattern" or "(?" not in value}
    if "properties" in schema:
        schema["properties"] = {name: closed(each) for name, each in schema["properties"].items()}
        schema.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = closed(schema[key])
    return schema


def crds(folder):
    """Schemas of specs by kind and version."""
    schemas = {}
    for file in pathlib.Path(folder).glob("*.yaml"):
        for definition in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            if not definition or definition.get("kind") != "CustomResourceDefinition":
                continue
            names = definition["spec"]
            for version in names["versions"]:
                spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
                schemas[names["names"]["kind"], f"{names['group']}/{version['name']}"] = closed(spec)
    return schemas


def seconds(arguments, flag):
    return int(next(word.split("=")[1] for word in arguments if word.startswith(f"{flag}=")))


def promises(resources):
    """What one part of a manifest says of another."""
    by_kind = {}
    for resource in resources:
        by_kind.setdefault(resource["kind"], {})[resource["metadata"]["name"]] = resource
    cell = by_kind["StatefulSet"]["glm"]
    pod = cell["spec"]["template"]["spec"]
    container = pod["containers"][0]
    labels = cell["spec"]["template"]["metadata"]["labels"].items()

    drain, sleep = seconds(container["args"], "--drain-deadline"), container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= sleep + drain + 30, "the kubelet kills a cell that still drains"
    largest = estimate.Work(2048, 2048, 50)
    longest = max(
        estimate.text(chip, largest, chip.batch) * chip.batch + estimate.denoise(chip, largest) + estimate.decode(chip, largest)
        for chip in estimate.CHIPS
    )
    assert drain > longest, f"the longest picture takes {longest:.0f} s"

    assert container["securityContext"]["readOnlyRootFilesystem"] and not container["securityContext"]["allowPrivilegeEscalation"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claims = {claim["metadata"]["name"] for claim in cell["spec"].get("volumeClaimTemplates", [])}
    assert set(mounts) == set(volumes) | claims, "a mount without a volume, or a volume without a mount"
    written = {mounts[name]["mountPath"] for name in claims | {name for name in volumes if "emptyDir" in volumes[name]}}
    for flag in ("--run-directory", "--state-directory"):
        path = pathlib.Path(next(word.split("=")[1] for word in container["args"] if word.startswith(flag)))
        assert str(path.parent) in written, f"{flag} is not in a volume that may be written to"
    assert volumes["topology"]["configMap"]["name"] in by_kind["ConfigMap"]

    services = by_kind["Service"]
    assert cell["spec"]["serviceName"] in services and services[cell["spec"]["serviceName"]]["spec"]["clusterIP"] == "None"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for service in services.values():
        assert set(service["spec"]["selector"].items()) <= labels
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports and port["port"] == ports[port["targetPort"]]
    for kind in ("GRPCRoute", "HTTPRoute"):
        for rule in by_kind[kind]["glm"]["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                assert backend["port"] in [port["port"] for port in services[backend["name"]]["spec"]["ports"]]
    names = [set(by_kind[kind]["glm"]["spec"]["hostnames"]) for kind in ("GRPCRoute", "HTTPRoute")]
    assert not names[0] & names[1], "a listener takes either a GRPCRoute or an HTTPRoute for a name"
    for kind in ("PodDisruptionBudget", "NetworkPolicy", "PodMonitor"):
        spec = by_kind[kind]["glm"]["spec"]
        selector = spec.get("selector") or spec["podSelector"]
        assert set(selector["matchLabels"].items()) <= labels
    monitor = by_kind["PodMonitor"]["glm"]["spec"]
    assert monitor["podMetricsEndpoints"][0]["port"] in ports and dict(labels)[monitor["jobLabel"]] == "glm"
    if "ScaledObject" in by_kind:
        assert "replicas" not in cell["spec"], "each apply would set the number that KEDA has set"


def main(kubectl, folder=None):
    published = crds(folder) if folder else None
    # Most are the same in all variants.
    valid = set()
    for name, resources in variants(kubectl):
        for resource in resources:
            text = json.dumps(resource, sort_keys=True)
            if text in valid:
                continue
            valid.add(text)
            try:
                validate(resource, published)
            except Exception as error:
                sys.exit(f"{name}: {resource['kind']} {resource['metadata']['name']}: {error}")
        promises(resources)
        print(f"{name}: {len(resources)} resources")


main(*sys.argv[1:])
