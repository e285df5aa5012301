"""Pods as tasks want them, in the objects of Kubernetes' package, as Airflow takes them."""

from copy import deepcopy

import kubernetes.client
from airflow.configuration import conf
from airflow.sdk import DAG, task
from kubernetes.client import models as k8s
from kubernetes.client.models.v1_toleration import V1Toleration


def with_gpus(count):
    resources = k8s.V1ResourceRequirements(limits={"nvidia.com/gpu": count}, requests={"memory": "2Gi"})
    return {"pod_override": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", resources=resources)]))}


scratch = k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="1Gi"))
whole = k8s.V1Pod(
    api_version="v1",
    kind="Pod",
    metadata=k8s.V1ObjectMeta(labels={"team": "sales"}, annotations={"sidecar.istio.io/inject": "false"}),
    spec=k8s.V1PodSpec(
        containers=[
            k8s.V1Container(
                name="base",
                env=[
                    k8s.V1EnvVar(name="REGION", value="eu"),
                    k8s.V1EnvVar(
                        name="PASSWORD",
                        value_from=k8s.V1EnvVarSource(
                            secret_key_ref=k8s.V1SecretKeySelector(name="shop", key="password")
                        ),
                    ),
                ],
                volume_mounts=[k8s.V1VolumeMount(name="scratch", mount_path="/scratch", sub_path=None)],
                liveness_probe=None,
            ),
            k8s.V1Container(
                name="proxy",
                image="proxy:1",
                readiness_probe=k8s.V1Probe(http_get=k8s.V1HTTPGetAction(port=8080, path="/ready")),
            ),
        ],
        init_containers=[kubernetes.client.V1Container(name="fetch", image="fetch:1", command=["fetch"])],
        volumes=[scratch],
        tolerations=[V1Toleration(key="gpu", operator="Exists")],
        affinity=k8s.V1Affinity(
            node_affinity=k8s.V1NodeAffinity(
                required_during_scheduling_ignored_during_execution=k8s.V1NodeSelector(
                    node_selector_terms=[
                        k8s.V1NodeSelectorTerm(
                            match_expressions=[
                                k8s.V1NodeSelectorRequirement(key="zone", operator="In", values=("a", "b"))
                            ]
                        )
                    ]
                )
            )
        ),
        security_context=k8s.V1PodSecurityContext(run_as_user=1000),
    ),
)
other = deepcopy(whole)
other.metadata.labels["team"] = "stock"
other.spec.containers = other.spec.containers[:1]
other.spec.init_containers = other.spec.affinity = other.spec.tolerations = None

with DAG("demo", default_args={"executor": "KubernetesExecutor"}):

    @task(executor_config={"pod_override": whole, "note": "kept", "pod_template_file": conf.get("core", "template", fallback=None)}, run_as_user="1000")
    def first(): ...

    @task(executor_config=with_gpus("1"), run_as_user=1001)
    def second(): ...

    @task(executor_config={"pod_override": other})
    def third(): ...

    @task(executor_config={"pod_override": None}, executor="LocalExecutor")
    def fourth(): ...

    @task(
        executor_config={
            "pod_override": k8s.V1Pod(
                metadata=k8s.V1ObjectMeta(namespace="elsewhere"),
                spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", image="python:3.12")]),
            )
        }
    )
    def fifth(): ...

    @task(
        executor_config={
            "pod_override": k8s.V1Pod(
                spec=k8s.V1PodSpec(
                    containers=[k8s.V1Container(name="base", image=conf.get("kubernetes", "worker_image", fallback=None))]
                )
            )
        }
    )
    def sixth(): ...

    first() >> second() >> third() >> fourth() >> fifth() >> sixth()
