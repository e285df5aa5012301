"""The record: tables, migrations, named queries, and the engine's store on SQL."""
