from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import string, textwrap, json, hashlib, base64, uuid, math, operator, unicodedata
from string import Template
from operator import itemgetter, attrgetter, methodcaller
from urllib.parse import urlparse, quote
import decimal, fractions
from types import SimpleNamespace, MappingProxyType
DOC = textwrap.dedent("""
   a
     b
""").strip()
T = Template("run_${a}_$b")
with DAG("texts", doc_md=DOC):
    EmptyOperator(task_id=T.substitute(a=1, b="x"))
    EmptyOperator(task_id=T.safe_substitute({"a": 2}).replace("$", ""))
    EmptyOperator(task_id=hashlib.md5(b"abc").hexdigest()[:8])
    EmptyOperator(task_id=hashlib.sha256("x".encode("utf-8")).hexdigest()[:8])
    h = hashlib.new("sha1"); h.update(b"q"); EmptyOperator(task_id=h.hexdigest()[:6])
    EmptyOperator(task_id=base64.b64encode(b"hi").decode().rstrip("="))
    EmptyOperator(task_id=str(uuid.uuid5(uuid.NAMESPACE_DNS, "x")))
    EmptyOperator(task_id=f"m_{math.ceil(2.1)}_{math.floor(2.9)}_{round(2.5)}_{10//3}_{2**5}_{math.sqrt(16):.0f}")
    rows = [{"n": "b", "w": 2}, {"n": "a", "w": 1}]
    for r in sorted(rows, key=itemgetter("w")): EmptyOperator(task_id="r_" + r["n"])
    ns = [SimpleNamespace(name="q", k=2), SimpleNamespace(name="p", k=1)]
    for r in sorted(ns, key=attrgetter("k")): EmptyOperator(task_id="s_" + r.name)
    EmptyOperator(task_id="_".join(map(methodcaller("upper"), ["a", "b"])))
    EmptyOperator(task_id=urlparse("https://host.x/path").netloc)
    EmptyOperator(task_id="al_" + string.ascii_lowercase[:3] + string.digits[-1])
    EmptyOperator(task_id="t_" + "a b".title().replace(" ", "") + "xy".center(4, "_") + "q".zfill(3))
    EmptyOperator(task_id="tr_" + "a-b.c".translate(str.maketrans({"-": "_", ".": None})))
    EmptyOperator(task_id=json.dumps({"b": 1, "a": 2}, sort_keys=True).translate(str.maketrans("", "", '{}": ,')))
    EmptyOperator(task_id=unicodedata.normalize("NFKD", "é").encode("ascii", "ignore").decode() + "_acc")
    EmptyOperator(task_id=f"d_{decimal.Decimal('1.10') + 1}_{sum([1,2,3])}_{max('a','b')}_{min([3,1])}_{any([0,1])}")
    EmptyOperator(task_id="sl_" + "abcdef"[::2] + "abc"[-1] + "".join(reversed("xyz")) + chr(65) + hex(10))
    EmptyOperator(task_id="pt_%s_%s" % "a=b-c".partition("=")[::2])
    M = MappingProxyType({"k": "v"})
    EmptyOperator(task_id="mp_" + M["k"] + "".join(f"{k}{v}" for k, v in M.items()))
