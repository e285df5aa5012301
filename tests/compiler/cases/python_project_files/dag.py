from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import json, csv, configparser, tomllib, glob, os, pathlib
from pathlib import Path
import yaml
HERE = Path(__file__).parent
BASE = os.path.dirname(os.path.abspath(__file__))
cfg = json.loads((HERE / "conf" / "a.json").read_text())
with open(os.path.join(BASE, "conf", "b.yaml")) as fh:
    y = yaml.safe_load(fh)
with (HERE / "conf" / "c.csv").open(newline="") as fh:
    rows = list(csv.DictReader(fh))
cp = configparser.ConfigParser()
cp.read(HERE / "conf" / "d.ini")
with open(HERE / "conf/e.toml", "rb") as fh:
    t = tomllib.load(fh)
sql = (HERE / "sql" / "q.sql").read_text()
with DAG("files", schedule=cfg["schedule"]):
    for n in cfg["tasks"]: EmptyOperator(task_id=n)
    for n, d in y["jobs"].items():
        EmptyOperator(task_id=n, **d)
    for r in rows: EmptyOperator(task_id=f"{r['id']}_{r['name']}")
    for s in cp.sections():
        EmptyOperator(task_id=f"{s}_{cp[s]['k']}_{cp.getint(s, 'n')}_{cp.get(s, 'zz', fallback='fb')}")
    EmptyOperator(task_id=t["tool"]["name"])
    for p in sorted((HERE / "sql").glob("*.sql")):
        EmptyOperator(task_id=f"p_{p.stem}")
    for p in sorted(glob.glob(os.path.join(BASE, "sql", "*.sql"))):
        EmptyOperator(task_id=f"g_{os.path.splitext(os.path.basename(p))[0]}")
    for p in sorted(os.listdir(os.path.join(BASE, "sql"))):
        EmptyOperator(task_id=f"l_{p}")
    for p in sorted(HERE.joinpath("sql").iterdir()):
        if p.suffix == ".sql" and p.is_file():
            EmptyOperator(task_id=f"i_{p.name}")
    for root, dirs, names in os.walk(os.path.join(BASE, "sql")):
        for n in sorted(names): EmptyOperator(task_id=f"w_{n}")
    with open(os.path.join(BASE, "conf", "lines.txt")) as fh:
        for line in fh:
            line = line.strip()
            if line and not line.startswith("#"):
                EmptyOperator(task_id=f"line_{line}")
    for line in Path(BASE, "conf", "lines.txt").read_text().splitlines()[:1]:
        EmptyOperator(task_id=f"s_{line}")
    docs = list(yaml.safe_load_all("a: 1\n---\na: 2\n"))
    for d in docs: EmptyOperator(task_id=f"yy{d['a']}")
    for e in sorted(os.scandir(BASE + "/sql"), key=lambda e: e.name):
        EmptyOperator(task_id="sc_" + e.name)
