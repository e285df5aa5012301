from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import lib
import lib.sub.deep as deep
from lib import make_task, PRE, consts, Builder
from lib.sub import deep as deep2
import lib.consts
import importlib, pkgutil
with DAG("packages"):
    for n in lib.consts.NAMES: make_task(n)
    a, b = deep.both()
    a >> b
    EmptyOperator(task_id=f"{PRE}_{consts.SUFFIX}_{deep is deep2}_{consts.HIDDEN}")
    mod = importlib.import_module("lib.consts")
    EmptyOperator(task_id="im_" + mod.SUFFIX)
with Builder("packages_b").task("x").task("y", after=["x"]) as b2:
    made = b2()
    EmptyOperator(task_id=f"n_{len(b2)}_{b2[0]}_{'_'.join(b2)}_{'x' in b2}")
g = b2.dag
