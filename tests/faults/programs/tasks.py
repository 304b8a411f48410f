"""A Celery application on the file system, whose workers' children end after one task."""

import os

import kit
from celery import Celery

folder = os.environ["FAULTS_QUEUE"]
app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": f"{folder}/queue",
        "data_folder_out": f"{folder}/queue",
        "control_folder": f"{folder}/control",
        "polling_interval": 0.05,
    },
    worker_hijack_root_logger=False,
    worker_max_tasks_per_child=1,
    broker_connection_retry_on_startup=True,
)


@app.task(name="faults.job")
def job(number):
    kit.work(10)
    kit.note(job=number)


if __name__ == "__main__":
    os.makedirs(f"{folder}/queue", exist_ok=True)
    for number in range(20):
        job.delay(number)
