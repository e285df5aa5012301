"""Pods that no object of Kubernetes' package can be, or that are not known here."""

import requests
from airflow.sdk import DAG, task
from kubernetes.client import models as k8s


def pod(**fields):
    return {"pod_override": k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", **fields)]))}


with DAG("demo"):

    @task(executor_config=pod(imag_pull_policy="Always"))
    def misspelt(): ...

    @task(
        executor_config={
            "pod_override": k8s.V1Pod(
                spec=k8s.V1PodSpec(
                    containers=[k8s.V1Container(name="base")],
                    volumes=[k8s.V1Volume(host_path=k8s.V1HostPathVolumeSource(path="/tmp"))],
                )
            )
        }
    )
    def nameless(): ...

    @task(executor_config=pod(env=[k8s.V1EnvVar(name="REGION", value=requests.get("https://example.org").text)]))
    def late(): ...

    @task(executor_config=pod(resources=k8s.V1ResourceRequirements(limits={"cpu": requests.codes})))
    def late_amount(): ...

    @task(executor_config=pod(env={"REGION": "eu"}))
    def no_list(): ...

    @task(executor_config=pod(env=[k8s.V1EnvVar(name="PORT", value=8080)]))
    def no_text(): ...

    @task(executor_config=pod(resources=k8s.V1PodSpec(containers=[])))
    def another(): ...

    @task(executor_config={"pod_override": {"spec": {}}})
    def no_pod(): ...

    @task(executor_config=requests.get("https://example.org").json())
    def unknown(): ...

    @task(executor_config="base")
    def no_dict(): ...

    @task(executor=requests.codes, run_as_user=1.5)
    def wrong_names(): ...

    for each in (misspelt, nameless, late, late_amount, no_list, no_text, another, no_pod, unknown, no_dict, wrong_names):
        each()
