"""One product a file, all behind the protocols of serve.engines.protocol. Nothing here imports ray, prefect or mlflow."""
