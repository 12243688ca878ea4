"""Data and pure functions of data. Nothing here imports ray, prefect, mlflow or torch."""
