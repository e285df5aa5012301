with DAG("a", schedule_interval = "@daily", concurrency=3, orientation="LR"):
    f(schedule_interval=1)
    PythonOperator(task_id="a", provide_context=True, python_callable=f, trigger_rule='none_failed_or_skipped')
    BashOperator(
        task_id="b",
        bash_command="true",
        sla=None,
    )
    models.DAG("b", schedule=None, timetable=old, fail_stop=True,)
    task(task_concurrency=1)
