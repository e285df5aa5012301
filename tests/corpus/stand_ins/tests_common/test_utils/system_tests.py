def get_test_run(dag, **kwargs):
    def test_run():
        raise NotImplementedError

    return test_run


def get_test_env_id(env_var_name="SYSTEM_TESTS_ENV_ID"):
    import os

    return os.environ.get(env_var_name, "default")
