"""Users without a pause who post one row: IRIS_PATH and IRIS_BODY say where and what."""

import os

from locust import FastHttpUser, task


class Caller(FastHttpUser):
    """One connection that asks again when it has its answer."""

    @task
    def ask(self):
        self.client.post(
            os.environ["IRIS_PATH"], data=os.environ["IRIS_BODY"],
            headers={"Content-Type": "application/json"})
