"""Sensors can be named; Leoflow's lean engine does not offer them."""

from __future__ import annotations

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.unsupported import refused_class

BaseSensorOperator = refused_class("BaseSensorOperator", "A sensor", BaseOperator)
PokeReturnValue = refused_class("PokeReturnValue", "A sensor's PokeReturnValue")
