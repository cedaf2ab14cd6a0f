"""deploy/kubernetes/: follows the schemas of Kubernetes, fits together, and fits the image that the Dockerfile makes."""

import os
import re
import secrets
import subprocess
import sys

import pytest
from django.core.management import get_commands

from mentorship import health
from tests import servers

yaml = pytest.importorskip("yaml")
kubernetes_validate = pytest.importorskip("kubernetes_validate")
pytestmark = pytest.mark.once

FOLDER = servers.PROJECT / "deploy" / "kubernetes"
OBJECTS = [one for file in sorted(FOLDER.rglob("*.yaml")) for one in yaml.safe_load_all(file.read_text())]
DOCKERFILE = (servers.PROJECT / "Dockerfile").read_text()
KINDS = {"ConfigMap", "CronJob", "Deployment", "HorizontalPodAutoscaler", "Ingress", "Job", "NetworkPolicy", "PodDisruptionBudget",
         "Secret", "Service"}  # fmt: skip


def named(kind: str, name: str) -> dict:
    [found] = [one for one in OBJECTS if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def template(workload: dict) -> dict:
    """The pod that a workload makes."""
    spec = workload["spec"]
    return (spec["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else spec)["template"]


WORKLOADS = {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] in ("CronJob", "Deployment", "Job")}
PODS = {name: template(workload) for name, workload in WORKLOADS.items()}
CONTAINERS = {name: pod["spec"]["containers"][0] for name, pod in PODS.items()}
SETTINGS, SECRET = named("ConfigMap", "mentorship")["data"], named("Secret", "mentorship")["stringData"]


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_each_follows_its_schema(one):
    kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)


def test_the_schemas_would_find_a_slip():
    broken = {**named("Service", "web"), "spec": {**named("Service", "web")["spec"], "sellector": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_what_is_needed_is_there():
    assert {one["kind"] for one in OBJECTS} == KINDS
    assert WORKLOADS.keys() == {"cleanup", "mail", "prepare", "web"}


def test_every_variable_is_a_setting_and_no_secret_stands_among_the_plain_ones():
    assert SETTINGS.keys() | SECRET.keys() <= set(servers.settings_names())
    assert not SETTINGS.keys() & SECRET.keys()
    assert not [name for name in SETTINGS if re.search("KEY|PASSWORD|SECRET|TOKEN|REDIS_URL", name)]
    assert not [container for container in CONTAINERS.values() if "env" in container]


def test_every_pod_takes_the_settings_and_the_secrets():
    for container in CONTAINERS.values():
        assert container["envFrom"] == [{"configMapRef": {"name": "mentorship"}}, {"secretRef": {"name": "mentorship"}}]


def test_the_ports_are_the_images():
    port = CONTAINERS["web"]["ports"][0]
    assert f"EXPOSE {port['containerPort']}\n" in DOCKERFILE
    assert SETTINGS["PORT"] == str(port["containerPort"])
    assert f"HOST={SETTINGS['HOST']}" in DOCKERFILE
    assert [one["targetPort"] for one in named("Service", "web")["spec"]["ports"]] == [port["name"]]
    backend = named("Ingress", "web")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "web", "port": {"name": named("Service", "web")["spec"]["ports"][0]["name"]}}


def test_the_metrics_are_for_another_namespace_than_the_publics():
    _http, port = CONTAINERS["web"]["ports"]
    assert SETTINGS["METRICS_PORT"] == str(port["containerPort"]) == PODS["web"]["metadata"]["annotations"]["prometheus.io/port"]
    allowed = {
        rule["ports"][0]["port"]: rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in named("NetworkPolicy", "web")["spec"]["ingress"]
    }
    assert allowed.keys() == {"http", port["name"]} and len(set(allowed.values())) == 2


def test_the_commands_are_there_and_web_runs_the_images_own():
    commands = {name: container.get("command") for name, container in CONTAINERS.items()}
    expected = {"prepare": "prepare", "mail": "send_mail", "cleanup": "clear_expired"}
    assert commands == {"web": None} | {name: ["python", "manage.py", command] for name, command in expected.items()}
    assert {"serve", *expected.values()} <= get_commands().keys()


def test_all_run_one_image_with_a_version():
    [image] = {container["image"] for container in CONTAINERS.values()}
    assert re.search(r":[0-9]+\.[0-9]+\.[0-9]+$", image)


@pytest.mark.parametrize("name", PODS)
def test_no_pod_may_do_more_than_it_needs(name):
    spec, container = PODS[name]["spec"], CONTAINERS[name]
    assert spec["securityContext"]["runAsNonRoot"]
    assert f"USER {spec['securityContext']['runAsUser']}\n" in DOCKERFILE
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    assert spec["automountServiceAccountToken"] is spec["enableServiceLinks"] is False
    assert {"requests", "limits"} == container["resources"].keys()


def test_the_probes_ask_for_health_and_the_pod_ends_in_time():
    container, spec = CONTAINERS["web"], PODS["web"]["spec"]
    asked = {probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert set(asked.values()) <= health.ROUTES.keys()
    assert asked["readinessProbe"] == "/health/ready" and asked["livenessProbe"] == "/health/live"
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    serve = (servers.PROJECT / "mentorship" / "management" / "commands" / "serve.py").read_text()
    ends = int(re.search(r'"--workers-kill-timeout", "(\d+)"', serve)[1])
    assert pause + ends < spec["terminationGracePeriodSeconds"]


def test_what_selects_pods_selects_those_of_web():
    labels = PODS["web"]["metadata"]["labels"]
    assert named("Service", "web")["spec"]["selector"] == labels
    for kind, selector in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector"), ("Deployment", "selector")):
        assert named(kind, "web")["spec"][selector]["matchLabels"] == labels
    assert named("HorizontalPodAutoscaler", "web")["spec"]["scaleTargetRef"]["name"] == "web"
    assert "replicas" not in named("Deployment", "web")["spec"]
    shared = named("NetworkPolicy", "nobody")["spec"]["podSelector"]["matchLabels"].items()
    assert all(shared <= pod["metadata"]["labels"].items() for pod in PODS.values())


def test_a_drained_node_leaves_somebody_who_serves():
    at_least = named("HorizontalPodAutoscaler", "web")["spec"]["minReplicas"]
    assert at_least > named("PodDisruptionBudget", "web")["spec"]["maxUnavailable"] >= 1


def check(**more: str) -> subprocess.CompletedProcess:
    """What the service says of these settings when it starts."""
    settings = {name: value for name, value in (SETTINGS | SECRET | more).items() if value}
    environment = servers.bare_environment(ENV_FILE=os.devnull, **settings)
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=servers.PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_as_they_stand_the_service_refuses_to_start_and_says_what_to_fill_in():
    refused = check()
    assert refused.returncode
    assert "SECRET_KEY is not set" in refused.stderr and "JWT_SIGNING_KEY is not set" in refused.stderr


def test_with_keys_filled_in_nothing_is_wrong_with_them():
    done = check(SECRET_KEY=secrets.token_urlsafe(48), JWT_SIGNING_KEY=secrets.token_urlsafe(48), POSTGRES_PASSWORD=secrets.token_hex())
    assert done.returncode == 0, done.stderr
