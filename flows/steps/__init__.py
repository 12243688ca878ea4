"""Plain Python behind the flows: gerunds, no Prefect."""
